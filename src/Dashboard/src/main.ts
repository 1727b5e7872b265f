import { Shell } from "./shell/shell";
import { applyTheme } from "./shell/theme";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/forms.css";
import "./styles/tables.css";
import "./styles/run.css";
import "./styles/pages.css";

applyTheme();
new Shell(document.getElementById("app")!).start();
