package main

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"sandbox/plugins/base"
)

const autonamed = "pulumi.com/autonamed"

// checkObject gives an object its kind, its name and, where the provider has one, its namespace.
func (k *kubernetes) checkObject(req plugin.CheckRequest) (plugin.CheckResponse, error) {
	kind, err := k.kind(req.Type)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs := req.News.Copy()
	version, name := kind.ToAPIVersionAndKind()
	inputs["apiVersion"], inputs["kind"] = resource.NewStringProperty(version), resource.NewStringProperty(name)
	normalise(kind, inputs)
	metadata := base.Bare(inputs["metadata"])
	if metadata.IsComputed() {
		return plugin.CheckResponse{Properties: inputs}, nil
	}
	fields := resource.PropertyMap{}
	if metadata.IsObject() {
		fields = metadata.ObjectValue()
	}
	if fields.HasValue("generateName") && !fields.HasValue("name") {
		return plugin.CheckResponse{Properties: inputs, Failures: []plugin.CheckFailure{{
			Property: "metadata", Reason: "the sandbox's stand-in does not know metadata.generateName",
		}}}, nil
	}
	if _, named := fields["name"]; !named {
		if err := autoname(fields, req); err != nil {
			return plugin.CheckResponse{}, err
		}
	}
	if _, placed := fields["namespace"]; !placed && k.cluster.Settings.Namespace != "" {
		if namespaced, _, err := k.cluster.Scope(kind); err == nil && namespaced {
			fields["namespace"] = resource.NewStringProperty(k.cluster.Settings.Namespace)
		}
	}
	inputs["metadata"] = resource.NewObjectProperty(fields)
	return plugin.CheckResponse{Properties: base.KeepSecrets(inputs, req.News)}, nil
}

// autoname takes the generated name of before, or makes one from the resource's name.
func autoname(metadata resource.PropertyMap, req plugin.CheckRequest) error {
	old := object(base.PlainMap(req.Olds))
	name := old.GetName()
	if old.GetAnnotations()[autonamed] != "true" {
		var err error
		if name, err = resource.NewUniqueName(req.RandomSeed, req.Name+"-", 8, 0, nil); err != nil {
			return err
		}
	}
	metadata["name"] = resource.NewStringProperty(name)
	annotations := resource.PropertyMap{}
	if given := metadata["annotations"]; given.IsObject() {
		annotations = given.ObjectValue().Copy()
	}
	annotations[autonamed] = resource.NewStringProperty("true")
	metadata["annotations"] = resource.NewObjectProperty(annotations)
	return nil
}

// normalise writes a Secret's stringData into its data, as the API server does; all of it is secret.
func normalise(kind schema.GroupVersionKind, inputs resource.PropertyMap) {
	if kind.Group != "" || kind.Kind != "Secret" {
		return
	}
	texts, data := base.Bare(inputs["stringData"]), base.Bare(inputs["data"])
	if data.IsComputed() || texts.IsComputed() {
		return
	}
	encoded := resource.PropertyMap{}
	if data.IsObject() {
		encoded = data.ObjectValue().Copy()
	}
	if texts.IsObject() {
		for key, value := range texts.ObjectValue() {
			if value.IsString() {
				value = resource.NewStringProperty(base64.StdEncoding.EncodeToString([]byte(value.StringValue())))
			}
			encoded[key] = value
		}
	}
	delete(inputs, "stringData")
	if len(encoded) > 0 {
		inputs["data"] = resource.MakeSecret(resource.NewObjectProperty(encoded))
	}
}

// prune keeps of `live` what is at the places that `inputs` set: what controllers and defaults add elsewhere
// is no drift. A list of plain values is kept whole, since it is set as a whole.
func prune(live, inputs resource.PropertyValue) resource.PropertyValue {
	switch {
	case live.IsObject() && inputs.IsObject():
		kept := resource.PropertyMap{}
		for key, input := range inputs.ObjectValue() {
			if value, ok := live.ObjectValue()[key]; ok {
				kept[key] = prune(value, input)
			}
		}
		return resource.NewObjectProperty(kept)
	case live.IsArray() && inputs.IsArray():
		var kept []resource.PropertyValue
		for i, value := range live.ArrayValue() {
			switch {
			case i < len(inputs.ArrayValue()):
				kept = append(kept, prune(value, inputs.ArrayValue()[i]))
			case !value.IsObject():
				kept = append(kept, value)
			}
		}
		return resource.NewArrayProperty(kept)
	}
	return live
}

func pruneMap(live, inputs resource.PropertyMap) resource.PropertyMap {
	return prune(
		resource.NewObjectProperty(base.BareMap(live)), resource.NewObjectProperty(base.BareMap(inputs)),
	).ObjectValue()
}

// object is the Kubernetes object of plain properties, less what only Pulumi's state has.
func object(properties map[string]any) *unstructured.Unstructured {
	made := &unstructured.Unstructured{Object: make(map[string]any, len(properties))}
	for key, value := range properties {
		if len(key) < 2 || key[:2] != "__" {
			made.Object[key] = value
		}
	}
	return made
}

// identity is the Pulumi id of an object: namespace/name, or the name alone.
func identity(live *unstructured.Unstructured) resource.ID {
	if live.GetNamespace() == "" {
		return resource.ID(live.GetName())
	}
	return resource.ID(fmt.Sprintf("%s/%s", live.GetNamespace(), live.GetName()))
}
