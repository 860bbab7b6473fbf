import "./all.ts";
import { playSimulated } from "./scenario.ts";

playSimulated();
