import "./deposit.ts";
import { playScenarios } from "./scenario.ts";

playScenarios();
