// Package release installs Helm charts as the resource helm.sh/v3:Release.
package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"sigs.k8s.io/yaml"

	"sandbox/plugins/base"
)

const defaultTimeoutSeconds = 300

var known = []string{
	"allowNullValues", "atomic", "chart", "cleanupOnFail", "compat", "createNamespace", "dependencyUpdate", "description",
	"devel", "disableCRDHooks", "disableOpenapiValidation", "disableWebhooks", "forceUpdate", "keyring", "lint",
	"maxHistory", "name", "namespace", "postrender", "recreatePods", "renderSubchartNotes", "replace",
	"repositoryOpts", "resetValues", "reuseValues", "skipAwait", "skipCrds", "takeOwnership", "timeout",
	"valueYamlFiles", "values", "verify", "version", "waitForJobs",
}

// spec is what the inputs ask for; the keys are those of the Python package.
type spec struct {
	AllowNullValues, Atomic, CleanupOnFail, CreateNamespace, DependencyUpdate, Devel          bool
	DisableCRDHooks, DisableOpenapiValidation, DisableWebhooks, ForceUpdate, Lint             bool
	RecreatePods, RenderSubchartNotes, Replace, ResetValues, ReuseValues, SkipAwait, SkipCrds bool
	TakeOwnership, Verify, WaitForJobs                                                        bool
	Chart, Description, Keyring, Name, Namespace, Postrender, Version                         string
	MaxHistory, Timeout                                                                       int
	RepositoryOpts                                                                            struct {
		Repo, CAFile, CertFile, KeyFile, Username, Password string
	}
	Values map[string]any
}

// parse reads known inputs; what is unknown yet is as if it were not set.
func parse(inputs resource.PropertyMap) (*spec, error) {
	data, err := json.Marshal(base.PlainMap(inputs))
	if err != nil {
		return nil, err
	}
	made := &spec{}
	if err := json.Unmarshal(data, made); err != nil {
		return nil, fmt.Errorf("inputs of the release: %w", err)
	}
	made.Values, _ = base.Plain(inputs["values"]).(map[string]any)
	if made.AllowNullValues {
		made.Values, _ = base.PlainWithNulls(inputs["values"]).(map[string]any)
	}
	if made.Values == nil {
		made.Values = map[string]any{}
	}
	return made, nil
}

func (s *spec) id() resource.ID { return resource.ID(s.Namespace + "/" + s.Name) }

// Check completes the inputs (name, namespace, timeout, the chart's exact version) and finds the chart.
func (r *Releases) Check(req plugin.CheckRequest) (plugin.CheckResponse, error) {
	failures := base.UnknownInputs(req.News, known)
	inputs := make(resource.PropertyMap, len(req.News))
	for key, value := range req.News {
		// `compat` only tells the Python package's versions apart.
		if !value.IsNull() && key != "compat" {
			inputs[key] = value
		}
	}
	if err := foldFiles(inputs); err != nil {
		return plugin.CheckResponse{}, err
	}
	if _, named := inputs["name"]; !named {
		name := req.Olds["name"]
		if !name.HasValue() {
			made, err := resource.NewUniqueName(req.RandomSeed, req.Name+"-", 8, 0, nil)
			if err != nil {
				return plugin.CheckResponse{}, err
			}
			name = resource.NewStringProperty(made)
		}
		inputs["name"] = name
	}
	if value := inputs["namespace"]; !value.HasValue() || base.Plain(value) == "" && !value.ContainsUnknowns() {
		inputs["namespace"] = resource.NewStringProperty(r.Cluster.Namespace)
	}
	if _, set := inputs["timeout"]; !set && base.Plain(inputs["skipAwait"]) != true {
		inputs["timeout"] = resource.NewNumberProperty(defaultTimeoutSeconds)
	}
	if inputs.ContainsUnknowns() || len(failures) > 0 {
		return plugin.CheckResponse{Properties: inputs, Failures: failures}, nil
	}
	wanted, err := parse(inputs)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	chart, err := r.load(wanted)
	if err != nil {
		failures = append(failures, plugin.CheckFailure{
			Property: "chart",
			Reason:   fmt.Sprintf("%v; check the chart name and repository configuration", err),
		})
	} else {
		inputs["version"] = resource.NewStringProperty(chart.Metadata.Version)
	}
	return plugin.CheckResponse{Properties: inputs, Failures: failures}, nil
}

// foldFiles merges the files of valueYamlFiles, the later over the earlier, under `values`.
func foldFiles(inputs resource.PropertyMap) error {
	files := base.Bare(inputs["valueYamlFiles"])
	delete(inputs, "valueYamlFiles")
	if !files.IsArray() {
		return nil
	}
	merged := resource.PropertyMap{}
	for _, file := range files.ArrayValue() {
		if !file.IsAsset() {
			return errors.New("valueYamlFiles takes assets only")
		}
		content, err := file.AssetValue().Bytes()
		if err != nil {
			return fmt.Errorf("valueYamlFiles: %w", err)
		}
		values := map[string]any{}
		if err := yaml.Unmarshal(content, &values); err != nil {
			return fmt.Errorf("valueYamlFiles: %w", err)
		}
		merged = merge(merged, resource.NewPropertyMapFromMap(values))
	}
	values, secret := inputs["values"], false
	if secret = values.IsSecret(); secret {
		values = values.SecretValue().Element
	}
	if values.IsObject() {
		merged = merge(merged, values.ObjectValue())
	}
	inputs["values"] = resource.NewObjectProperty(merged)
	if secret {
		inputs["values"] = resource.MakeSecret(inputs["values"])
	}
	return nil
}

// merge lays `over` upon `under`, map by map; lists are replaced, as Helm does.
func merge(under, over resource.PropertyMap) resource.PropertyMap {
	merged := maps.Clone(under)
	for key, value := range over {
		if below := merged[key]; below.IsObject() && value.IsObject() {
			value = resource.NewObjectProperty(merge(below.ObjectValue(), value.ObjectValue()))
		}
		merged[key] = value
	}
	return merged
}
