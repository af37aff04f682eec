// Package v4 stands for the SDK's helm/v4: the types that the provider names.
package v4

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type input interface{ ElementType() reflect.Type }

type (
	// RepositoryOpts says where a chart comes from; releases of helm.sh/v3 use it too.
	RepositoryOpts struct {
		CaFile, CertFile, KeyFile pulumi.AssetOrArchive
		Password, Repo, Username  *string
	}
	// RepositoryOptsInput is RepositoryOpts as an input.
	RepositoryOptsInput input
	// PostRenderer is a command that changes a rendered chart.
	PostRenderer struct {
		Args    []string
		Command string
	}
	// PostRendererInput is PostRenderer as an input.
	PostRendererInput input
)
