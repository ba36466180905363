// One file, so that the tests run one after the other whatever the version of Node.
import './bundle.mjs';
import './dashboard.mjs';
