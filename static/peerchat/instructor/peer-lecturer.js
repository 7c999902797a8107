/** The panel of those who lead a course, in pages of other sites. */

import "../core/peer-panel.js";
import "../core/peer-unread.js";
import "./peer-dashboard.js";
