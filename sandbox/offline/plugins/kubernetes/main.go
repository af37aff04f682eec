// Command pulumi-resource-kubernetes serves the official provider of pulumi-kubernetes to Pulumi's engine.
//
// It is the official plugin's own code, built for machines where that plugin cannot be downloaded. Only what
// needs pulumi-kubernetes' Go SDK is left out: see sdk/.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is that of the Python package pulumi-kubernetes; set by the linker.
var version = "0.0.0"

// Both files lie in the provider's module; the build takes them from there (sandbox/offline/build.py).
var (
	//go:embed schema.json
	schema []byte
	//go:embed terraform-mapping.json
	mapping []byte
)

func main() {
	provider.Serve("kubernetes", version, schema, mapping)
}
