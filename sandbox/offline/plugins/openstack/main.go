// Command pulumi-resource-openstack serves the official Terraform provider for OpenStack to Pulumi's engine.
//
// It is made like the official plugin, by the official bridge, for machines where that plugin cannot be
// downloaded. It knows the types of tokens.go; the bridge refuses any other by itself.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// version is that of the Python package pulumi-openstack; set by the linker.
var version = "0.0.0"

func main() {
	tfbridge.Main(pkg, version, provider(), []byte(`{"name":"openstack"}`))
}
