package main

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"sandbox/plugins/base"
)

// immutable are the fields that the API server refuses to change (or, for data, that pods would not notice):
// a change replaces the object. Containers of a Pod stand for every field of theirs.
var immutable = map[string][]string{
	"/ConfigMap":             {"data", "binaryData"},
	"/Secret":                {"data", "stringData", "type"},
	"/Service":               {"spec.clusterIP"},
	"/PersistentVolumeClaim": {"spec"},
	"/PersistentVolume":      {"spec.csi", "spec.cinder", "spec.hostPath", "spec.local", "spec.nfs"},
	"/Pod":                   {"spec"},
	"/ResourceQuota":         {"spec.scopes"},
	"apps/Deployment":        {"spec.selector"},
	"apps/DaemonSet":         {"spec.selector"},
	"apps/StatefulSet": {
		"spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates",
		"spec.revisionHistoryLimit",
	},
	"batch/Job":                                    {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	"rbac.authorization.k8s.io/RoleBinding":        {"roleRef"},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {"roleRef"},
	"storage.k8s.io/StorageClass":                  {"parameters", "provisioner"},
}

var identityFields = []string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}

func (k *kubernetes) replacing(kind schema.GroupVersionKind) []string {
	name := kind.Group + "/" + kind.Kind
	if name == "/ConfigMap" && k.cluster.Settings.MutableConfigMaps ||
		name == "/Secret" && k.cluster.Settings.MutableSecrets {
		return identityFields
	}
	return append(slices.Clone(identityFields), immutable[name]...)
}

// diffObject compares the new inputs with what the cluster had at the places that the old inputs set.
func (k *kubernetes) diffObject(req plugin.DiffRequest) (plugin.DiffResponse, error) {
	kind, err := k.kind(req.Type)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	now := req.NewInputs.Copy()
	normalise(kind, now)
	old, fresh := compact(pruneMap(req.OldOutputs, req.OldInputs)), compact(base.BareMap(now))
	k.samePlace(kind, old, fresh)
	detailed := plugin.NewDetailedDiffFromObjectDiff(old.Diff(fresh), true)
	for path, change := range detailed {
		if touches(path, k.replacing(kind)) {
			detailed[path] = change.ToReplace()
		}
	}
	if err := base.IgnoreChanges(detailed, req.IgnoreChanges); err != nil {
		return plugin.DiffResponse{}, err
	}
	if len(detailed) == 0 {
		return plugin.DiffResponse{Changes: plugin.DiffNone}, nil
	}
	diff := plugin.DiffResponse{Changes: plugin.DiffSome, DetailedDiff: detailed}
	was, is := object(base.PlainMap(old)), object(base.PlainMap(fresh))
	// An object that keeps its name in its place has to go before its successor can come.
	diff.DeleteBeforeReplace = diff.Replace() && is.GetAnnotations()[autonamed] != "true" &&
		was.GetName() == is.GetName() && was.GetNamespace() == is.GetNamespace()
	return diff, nil
}

// compact leaves out empty maps and lists: the API server drops most of them, which is no difference.
func compact(properties resource.PropertyMap) resource.PropertyMap {
	kept := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if value = compactValue(value); !value.IsNull() {
			kept[key] = value
		}
	}
	return kept
}

func compactValue(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsObject():
		if kept := compact(value.ObjectValue()); len(kept) > 0 {
			return resource.NewObjectProperty(kept)
		}
		return resource.NewNullProperty()
	case value.IsArray():
		if len(value.ArrayValue()) == 0 {
			return resource.NewNullProperty()
		}
		list := make([]resource.PropertyValue, 0, len(value.ArrayValue()))
		for _, element := range value.ArrayValue() {
			list = append(list, compactValue(element))
		}
		return resource.NewArrayProperty(list)
	}
	return value
}

// touches says whether `path` is one of `fields` or below, or holds one of them.
func touches(path string, fields []string) bool {
	path = strings.NewReplacer("[", ".", "\"", "", "]", "").Replace(path)
	for _, field := range fields {
		if path == field || strings.HasPrefix(path, field+".") || strings.HasPrefix(field, path+".") {
			return true
		}
	}
	return false
}

// samePlace sees to it that a namespace left out and the default one written out are no difference.
func (k *kubernetes) samePlace(kind schema.GroupVersionKind, maps ...resource.PropertyMap) {
	var without, with []resource.PropertyMap
	for _, properties := range maps {
		metadata := properties["metadata"]
		if !metadata.IsObject() {
			return
		}
		if metadata.ObjectValue().HasValue("namespace") {
			with = append(with, metadata.ObjectValue())
		} else {
			without = append(without, metadata.ObjectValue())
		}
	}
	if len(with) == 0 || len(without) == 0 {
		return
	}
	namespaced, _, err := k.cluster.Scope(kind)
	if err != nil {
		return
	}
	for _, metadata := range without {
		if namespaced {
			metadata["namespace"] = resource.NewStringProperty(k.cluster.Namespace)
		}
	}
	for _, metadata := range with {
		if !namespaced {
			delete(metadata, "namespace")
		}
	}
}
