// Package kubernetes holds the names that the provider needs from pulumi-kubernetes' Go SDK.
//
// The whole SDK has a package for each version of each API of Kubernetes; to build them takes twice as long as
// the provider itself. The provider needs them for yaml/v2 and helm.sh/v4 only, which are left out here.
package kubernetes

import "reflect"

// UntypedArgs are the properties of an object of any kind.
type UntypedArgs map[string]any

// ElementType makes it an input.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
