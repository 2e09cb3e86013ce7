// A dedicated worker that fetches for its page.
import { servePort } from "../../kit/page/fetching.js";

servePort(self);
