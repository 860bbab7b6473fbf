/** Every scenario there is. */
import "./deposit.ts";
import "./login.ts";
import "./listening.ts";
import "./review.ts";
import "./settings.ts";
import "./entries.ts";
import "./exits.ts";
import "./folders.ts";
import "./forwarding.ts";
import "./outgoing.ts";
import "./custody.ts";
import "./faults.ts";
