import { PeerCountdown } from "../core/peer-countdown.js";

/** The clock of the screen: the countdown of the other pages, under a name of its own to look its own. */
class ScreenClock extends PeerCountdown {}

customElements.define("screen-clock", ScreenClock);
