import "./all.ts";
import { playReal } from "./scenario.ts";

playReal();
