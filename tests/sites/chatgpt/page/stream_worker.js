// A dedicated worker that fetches for its page.
import { servePort } from "./fetching.js";

servePort(self);
