/** The training's worker in a browser that keeps nothing for a page, as in some private windows. */
StorageManager.prototype.getDirectory = async () => {
  throw new DOMException("not here", "SecurityError");
};

import "../../../runtime/browser/train/training.worker.ts";
