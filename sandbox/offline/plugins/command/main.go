// pulumi-resource-command stands in for the official command plugin, where that is not to be had:
// command:local:Command and command:local:run, with the official one's inputs, outputs and order of events.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"sandbox/offline/plugins/base"
)

var version = "0.0.0-dev" // set at build time, to the version of the Python package

func main() {
	base.Serve("command", version, func(served *base.Provider) plugin.Provider {
		return &commands{Provider: served}
	})
}
