import { test } from "vitest";
import { testServer } from "./foreign.ts";

/**
 * The tests for a server of your own (docs/engines/http.md):
 *
 *     VOXPOST_TEST_URL=http://127.0.0.1:8080 VOXPOST_TEST_TOKEN=… npm test -- test/storage/yours.test.ts
 */
const { VOXPOST_TEST_URL: url, VOXPOST_TEST_TOKEN: token } = process.env;

if (url) testServer(url, () => ({ url: url.replace(/\/+$/, ""), token }));
else test("a server of your own", ({ skip }) => skip("VOXPOST_TEST_URL names none"));
