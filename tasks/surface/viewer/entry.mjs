// What the page's viewer takes of three.js. README.md says how three.js is made of this.
export {
  BufferAttribute, BufferGeometry, ColorManagement, DataTexture, DoubleSide, LinearFilter, LinearSRGBColorSpace, Mesh,
  PerspectiveCamera, Raycaster, Scene, ShaderMaterial, Sphere, Vector2, Vector3, WebGLRenderer,
} from "three";
export { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
