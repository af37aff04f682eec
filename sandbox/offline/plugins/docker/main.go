// pulumi-resource-docker stands in for the official Docker plugin, where that is not to be had:
// the resource Image, built and pushed by the Docker engine that DOCKER_HOST or the configuration names.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"sandbox/offline/plugins/base"
)

var version = "0.0.0-dev" // set at build time, to the version of the Python package

func main() {
	base.Serve("docker", version, func(served *base.Provider) plugin.Provider {
		return &images{Provider: served}
	})
}
