// A shared worker that fetches for all pages of the site.
import { servePort } from "../../kit/page/fetching.js";

self.onconnect = ({ ports: [port] }) => servePort(port);
