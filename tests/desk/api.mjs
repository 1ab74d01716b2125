// The interface under requests that Schemathesis makes up from its own document.
import { spawn } from "node:child_process";
import { House } from "./house.mjs";

const CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
const house = await House.open();
await house.draft("cus_api");
const args = ["run", `${house.base}/openapi.json`, "--header", `Authorization: Bearer ${house.admin}`];
args.push("--checks", CHECKS, "--max-examples", process.env.EXAMPLES ?? "30", "--seed", "1", "--phases", "examples,coverage,fuzzing");
// These would take the token away that everything else is asked with.
args.push("--exclude-operation-id", "close_account", "--exclude-operation-id", "revoke_token");
const child = spawn(process.env.SCHEMATHESIS, args, { stdio: "inherit" });
const code = await new Promise((tell) => child.on("exit", tell));
await house.close();
process.exit(code ?? 1);
