package main

import (
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/v3/openstack"
)

const (
	pkg           = "openstack"
	maxNameLength = 255
)

// provider maps the Terraform provider to Pulumi's names, with the environment variables that the Python
// package documents as defaults of the provider's configuration.
func provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:              shimv2.NewProvider(openstack.Provider()),
		Name:           pkg,
		Version:        version,
		ResourcePrefix: pkg,
		MetadataInfo:   tfbridge.NewProviderMetadata([]byte(`{}`)),
		Config: map[string]*tfbridge.SchemaInfo{
			"allow_reauth":  fromEnv("OS_ALLOW_REAUTH"),
			"cloud":         fromEnv("OS_CLOUD"),
			"delayed_auth":  fromEnv("OS_DELAYED_AUTH"),
			"endpoint_type": fromEnv("OS_ENDPOINT_TYPE"),
			"insecure":      fromEnv("OS_INSECURE"),
			"region":        fromEnv("OS_REGION_NAME"),
			"swauth":        fromEnv("OS_SWAUTH"),
		},
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for name, token := range resources {
		info.Resources[name] = &tfbridge.ResourceInfo{Tok: tokens.Type(qualified(token))}
	}
	for name, token := range dataSources {
		info.DataSources[name] = &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(qualified(token))}
	}
	info.SetAutonaming(maxNameLength, "-")
	return info
}

func fromEnv(variable string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{EnvVars: []string{variable}}}
}

// qualified makes "openstack:dns/recordSet:RecordSet" of "dns/RecordSet".
func qualified(short string) string {
	runes := []rune(short)
	for i, r := range runes {
		if r == '/' {
			name := string(runes[i+1:])
			file := []rune(name)
			file[0] = unicode.ToLower(file[0])
			return pkg + ":" + string(runes[:i+1]) + string(file) + ":" + name
		}
	}
	panic("token without a module: " + short)
}
