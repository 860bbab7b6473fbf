#!/usr/bin/env node
// The sources run as they are (docs/decisions/0004-no-build-step.md).
import { register } from "tsx/esm/api";

register();
await import("../src/cli.ts");
