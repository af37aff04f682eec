package release

import (
	"fmt"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	helm "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"sandbox/plugins/base"
)

// outputs are the inputs with the live values, version, status and names of what the release made.
// What is secret in the inputs stays secret.
func outputs(live *helm.Release, inputs resource.PropertyMap) resource.PropertyMap {
	metadata := live.Chart.Metadata
	made := inputs.Copy()
	made["values"] = resource.NewObjectProperty(resource.NewPropertyMapFromMap(live.Config))
	made["version"] = resource.NewStringProperty(metadata.Version)
	made["status"] = resource.NewObjectProperty(resource.NewPropertyMapFromMap(map[string]any{
		"name": live.Name, "namespace": live.Namespace, "revision": float64(live.Version),
		"status": live.Info.Status.String(), "chart": metadata.Name, "version": metadata.Version,
		"appVersion": metadata.AppVersion,
	}))
	made["resourceNames"] = resource.NewObjectProperty(names(live))
	return base.KeepSecrets(made, inputs)
}

// previewed are the outputs before anything was installed.
func previewed(inputs resource.PropertyMap) resource.PropertyMap {
	made := inputs.Copy()
	made["status"], made["resourceNames"] = base.Unknown(), base.Unknown()
	return made
}

// names lists the objects of a release by kind and API version.
func names(live *helm.Release) resource.PropertyMap {
	found := map[string][]string{}
	for _, manifest := range releaseutil.SplitManifests(live.Manifest) {
		object := unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil || object.GetName() == "" {
			continue
		}
		kind, name := object.GroupVersionKind(), object.GetName()
		key := fmt.Sprintf("%s/%s", kind.GroupKind(), kind.GroupVersion())
		if object.GetNamespace() != "" {
			name = object.GetNamespace() + "/" + name
		}
		found[key] = append(found[key], name)
	}
	listed := resource.PropertyMap{}
	for key, list := range found {
		sort.Strings(list)
		values := make([]resource.PropertyValue, 0, len(list))
		for _, name := range list {
			values = append(values, resource.NewStringProperty(name))
		}
		listed[resource.PropertyKey(key)] = resource.NewArrayProperty(values)
	}
	return listed
}
