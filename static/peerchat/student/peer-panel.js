/** The panels of students in pages of other sites. */

import "../core/peer-panel.js";
import "../core/peer-unread.js";
import "./peer-app.js";
