// Builds the page into dist/: index.html and its assets, whose names change with their content, so that a browser
// may keep them for ever.
import {build} from 'esbuild';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {basename, resolve} from 'node:path';

// Where noVNC asks for its display, it gets the one of src/, which itself asks for noVNC's.
const display = {
    name: 'display',
    setup: ({onResolve}) => onResolve({filter: /\/display\.js$/}, ({importer}) => (
        importer.includes('node_modules') ? {path: resolve('src/link/display.js')} : null
    )),
};

await rm('dist', {recursive: true, force: true});
await mkdir('dist/assets', {recursive: true});
const {metafile} = await build({
    entryPoints: ['src/main.js', 'src/style.css'],
    entryNames: '[name]-[hash]',
    outdir: 'dist/assets',
    bundle: true,
    plugins: [display],
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'linked',  // noVNC's licence asks for its notice
    metafile: true,
});
let html = await readFile('src/index.html', 'utf8');
for (const [path, {entryPoint}] of Object.entries(metafile.outputs)) {
    if (entryPoint) html = html.replace(`assets/${basename(entryPoint)}`, `assets/${basename(path)}`);
}
await writeFile('dist/index.html', html);
