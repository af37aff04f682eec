// pulumi-resource-kubernetes stands in for the official Kubernetes plugin, where that is not to be had:
// objects of any kind by server-side apply, and Helm releases, with the official one's way of waiting.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"sandbox/plugins/base"
)

var version = "0.0.0-dev" // set at build time, to the version of the Python package

func main() {
	base.Serve("kubernetes", version, func(served *base.Provider) plugin.Provider {
		return &kubernetes{Provider: served}
	})
}
