// Package cluster turns the provider's configuration into clients of one Kubernetes cluster.
package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"sandbox/plugins/base"
)

// Settings is the provider's configuration, with the environment's values where it says nothing.
type Settings struct {
	Kubeconfig, Context, Cluster, Identifier, Namespace string

	DeleteUnreachable, SkipUpdateUnreachable, PatchForce, Upsert bool
	MutableConfigMaps, MutableSecrets                            bool

	Client ClientSettings
	Helm   HelmSettings
}

// ClientSettings bound how hard and how long the API server is asked.
type ClientSettings struct {
	Burst   int     `json:"burst"`
	QPS     float32 `json:"qps"`
	Timeout int     `json:"timeout"` // seconds
}

// HelmSettings say where Helm keeps its releases, repositories and credentials.
type HelmSettings struct {
	Driver               string `json:"driver"`
	PluginsPath          string `json:"pluginsPath"`
	RegistryConfigPath   string `json:"registryConfigPath"`
	RepositoryCache      string `json:"repositoryCache"`
	RepositoryConfigPath string `json:"repositoryConfigPath"`
}

var (
	texts = []string{"kubeconfig", "context", "cluster", "clusterIdentifier", "namespace"}
	flags = []string{
		"deleteUnreachable", "skipUpdateUnreachable", "enablePatchForce", "upsertExistingObjects",
		"enableConfigMapMutable", "enableSecretMutable",
		"enableServerSideApply", "suppressDeprecationWarnings", "suppressHelmHookWarnings",
	}
	objects = []string{"kubeClientSettings", "helmReleaseSettings"}
	ignored = []string{"version", "pluginDownloadURL"}
)

// CheckSettings gives a failure for each setting that the stand-in does not implement.
func CheckSettings(config resource.PropertyMap) []plugin.CheckFailure {
	failures := base.UnknownInputs(config, slices.Concat(texts, flags, objects, ignored))
	if value, ok := config["enableServerSideApply"]; ok && fmt.Sprint(base.Plain(value)) == "false" {
		failures = append(failures, plugin.CheckFailure{
			Property: "enableServerSideApply",
			Reason:   "the sandbox's stand-in knows server-side apply only",
		})
	}
	return failures
}

// ReadSettings takes the configuration as the engine hands it over: nested values may come as JSON texts.
func ReadSettings(config resource.PropertyMap) (*Settings, error) {
	text := func(key string) string {
		value, _ := base.Plain(config[resource.PropertyKey(key)]).(string)
		return value
	}
	flag := func(key, variable string) bool {
		value := base.Plain(config[resource.PropertyKey(key)])
		if value == nil {
			value = os.Getenv(variable)
		}
		on, err := strconv.ParseBool(fmt.Sprint(value))
		return err == nil && on
	}
	object := func(key string, into any) error {
		value := base.Plain(config[resource.PropertyKey(key)])
		if value == nil {
			return nil
		}
		data, isText := value.(string)
		if !isText {
			encoded, err := json.Marshal(value)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			data = string(encoded)
		}
		if err := json.Unmarshal([]byte(data), into); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	}
	settings := &Settings{
		Kubeconfig: text("kubeconfig"), Context: text("context"), Cluster: text("cluster"),
		Identifier: text("clusterIdentifier"), Namespace: text("namespace"),
		DeleteUnreachable:     flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
		SkipUpdateUnreachable: flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
		PatchForce:            flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
		Upsert:                flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
		MutableConfigMaps:     flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
		MutableSecrets:        flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
		Client:                ClientSettings{Burst: 120, QPS: 50},
		Helm:                  HelmSettings{Driver: "secret"},
	}
	if err := object("kubeClientSettings", &settings.Client); err != nil {
		return nil, err
	}
	return settings, object("helmReleaseSettings", &settings.Helm)
}

// Same says whether two configurations name the same cluster: by their identifiers where both have one,
// else by the address and the authority of the cluster in their kubeconfigs.
func Same(old, now resource.PropertyMap) (bool, error) {
	before, err := ReadSettings(old)
	if err != nil {
		return false, err
	}
	after, err := ReadSettings(now)
	if err != nil {
		return false, err
	}
	if before.Identifier != "" && after.Identifier != "" {
		return before.Identifier == after.Identifier, nil
	}
	if now.ContainsUnknowns() {
		return false, nil
	}
	was, err := before.active()
	if err != nil {
		return false, err
	}
	is, err := after.active()
	return was == is, err
}
