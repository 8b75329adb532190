/** What a module says about itself. */
import type { ModuleType } from '../../model/module-view.js';

export interface ModuleInfo {
  readonly type: ModuleType;
  /**
   * Name of the module, which is also the name of its folder. It consists of lower-case letters, digits and hyphens.
   */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Semantic version; pinned in every job. */
  readonly version: string;
  readonly author: string;
  readonly email?: string;
  readonly website?: string;
  /** File name of an SVG or PNG image in `views/assets/`. */
  readonly logo?: string;
  /** The same, or the name of an icon such as `fas fa-server`. */
  readonly icon?: string;
}
