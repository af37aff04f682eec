package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"sandbox/plugins/base"
	"sandbox/plugins/kubernetes/await"
)

const (
	managerKey = "__fieldManager"
	versionKey = "__initialApiVersion"
	patchForce = "pulumi.com/patchForce"
)

// kindRetries are the seconds between the looks for a kind that a chart of the same run may bring.
var kindRetries = []int{1, 2, 4, 8}

func (k *kubernetes) createObject(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	manager, err := resource.NewUniqueHex("pulumi-kubernetes-", 8, 0)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	wanted := object(base.PlainMap(req.Properties))
	if req.Preview {
		outputs, err := k.previewed(ctx, req.Properties, manager)
		return plugin.CreateResponse{Properties: outputs}, err
	}
	client, err := k.client(ctx, wanted)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if !k.cluster.Settings.Upsert {
		_, err := client.Get(ctx, wanted.GetName(), metav1.GetOptions{})
		if err == nil {
			return plugin.CreateResponse{}, fmt.Errorf("resource %s was not created: %s %q already exists in the "+
				"cluster; import it, or set upsertExistingObjects to take it over",
				identity(wanted), wanted.GetKind(), wanted.GetName())
		}
		if !apierrors.IsNotFound(err) {
			return plugin.CreateResponse{}, err
		}
	}
	live, err := k.apply(ctx, client, wanted, manager, false)
	if err != nil {
		return plugin.CreateResponse{}, fmt.Errorf(
			"resource %s was not successfully created by the Kubernetes API server: %w", identity(wanted), err)
	}
	live, err = k.ready(ctx, req.URN, client, live, req.Timeout)
	outputs := k.outputs(live, req.Properties, manager)
	if err != nil {
		err = fmt.Errorf("resource %s was successfully created, but it failed to become ready: %w",
			identity(live), err)
		return plugin.CreateResponse{}, base.PartlyMade(string(identity(live)), outputs, req.Properties, err)
	}
	return plugin.CreateResponse{ID: identity(live), Properties: outputs}, nil
}

func (k *kubernetes) updateObject(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	manager, _ := base.Plain(req.OldOutputs[managerKey]).(string)
	if req.Preview {
		outputs, err := k.previewed(ctx, req.NewInputs, manager)
		return plugin.UpdateResponse{Properties: outputs}, err
	}
	wanted := object(base.PlainMap(req.NewInputs))
	client, err := k.client(ctx, wanted)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	live, err := k.apply(ctx, client, wanted, manager, false)
	if err != nil {
		return plugin.UpdateResponse{}, fmt.Errorf("update of resource %s failed: %w", identity(wanted), err)
	}
	live, err = k.ready(ctx, req.URN, client, live, req.Timeout)
	outputs := k.outputs(live, req.NewInputs, manager)
	if err != nil {
		err = fmt.Errorf("resource %s was updated, but it failed to become ready: %w", identity(live), err)
		return plugin.UpdateResponse{}, base.PartlyMade(string(req.ID), outputs, req.NewInputs, err)
	}
	return plugin.UpdateResponse{Properties: outputs}, nil
}

func (k *kubernetes) readObject(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	kind, err := k.kind(req.Type)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	namespace, name, found := strings.Cut(string(req.ID), "/")
	if !found {
		namespace, name = "", string(req.ID)
	}
	wanted := &unstructured.Unstructured{Object: map[string]any{}}
	wanted.SetGroupVersionKind(kind)
	wanted.SetName(name)
	wanted.SetNamespace(namespace)
	client, err := k.cluster.Resource(wanted)
	if meta.IsNoMatchError(err) {
		return plugin.ReadResponse{}, nil // its kind is gone, and so is it
	} else if err != nil {
		return plugin.ReadResponse{}, err
	}
	live, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return plugin.ReadResponse{}, nil
	} else if err != nil {
		return plugin.ReadResponse{}, err
	}
	manager, _ := base.Plain(req.State[managerKey]).(string)
	outputs := k.outputs(live, req.Inputs, manager)
	var inputs resource.PropertyMap
	switch {
	case req.Inputs.HasValue("metadata"):
		inputs = base.KeepSecrets(pruneMap(outputs, req.Inputs), req.Inputs)
	case len(req.State) == 0:
		inputs = imported(outputs)
	default: // what a program's `get` looked up has no inputs
		inputs = req.Inputs
	}
	watched := await.Objects{Cluster: k.cluster}
	if done, message, err := watched.Check(ctx, live); err != nil || !done {
		reason := fmt.Errorf("resource %s is not ready: %s", req.ID, errors.Join(err, errors.New(message)))
		return plugin.ReadResponse{}, base.PartlyMade(string(req.ID), outputs, inputs, reason)
	}
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: req.ID, Inputs: inputs, Outputs: outputs},
	}, nil
}

func (k *kubernetes) deleteObject(ctx context.Context, req plugin.DeleteRequest) error {
	old := object(base.PlainMap(req.Outputs))
	client, err := k.cluster.Resource(old)
	if meta.IsNoMatchError(err) {
		return nil
	} else if err != nil {
		return err
	}
	watched := await.Objects{Cluster: k.cluster, Show: func(text string) { k.Status(req.URN, "%s", text) }}
	return watched.Delete(ctx, client, old, req.Timeout)
}

// client waits a little for the kind of `wanted` to be served.
func (k *kubernetes) client(ctx context.Context, wanted *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	client, err := k.cluster.Resource(wanted)
	for _, seconds := range kindRetries {
		if !meta.IsNoMatchError(err) || ctx.Err() != nil {
			break
		}
		time.Sleep(time.Duration(seconds) * time.Second)
		client, err = k.cluster.Resource(wanted)
	}
	if meta.IsNoMatchError(err) {
		err = fmt.Errorf("%w; the API server does not know this kind: see that what brings its "+
			"CustomResourceDefinition is made before", err)
	}
	return client, err
}

// apply writes `wanted` by server-side apply; unknown fields are refused by the API server.
func (k *kubernetes) apply(
	ctx context.Context, client dynamic.ResourceInterface, wanted *unstructured.Unstructured, manager string, dryRun bool,
) (*unstructured.Unstructured, error) {
	data, err := json.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	force := k.cluster.Settings.PatchForce || wanted.GetAnnotations()[patchForce] == "true"
	options := metav1.PatchOptions{
		FieldManager: manager, Force: &force, FieldValidation: metav1.FieldValidationStrict,
	}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	live, err := client.Patch(ctx, wanted.GetName(), types.ApplyPatchType, data, options)
	if apierrors.IsConflict(err) {
		err = fmt.Errorf("somebody else changed fields that this program sets; the annotation %s: \"true\" "+
			"takes them back: %w", patchForce, err)
	}
	return live, err
}

func (k *kubernetes) ready(
	ctx context.Context, urn resource.URN, client dynamic.ResourceInterface, live *unstructured.Unstructured, seconds float64,
) (*unstructured.Unstructured, error) {
	watched := await.Objects{Cluster: k.cluster, Show: func(text string) { k.Status(urn, "%s", text) }}
	now, err := watched.Ready(ctx, client, live, seconds)
	if now.GroupVersionKind().Group == "apiextensions.k8s.io" {
		k.cluster.Mapper.Reset() // new kinds
	}
	return now, err
}

// previewed are the outputs as far as a preview can tell: what the API server would make of the inputs,
// or the inputs alone where it cannot say yet. Its objection to the inputs themselves is an error.
func (k *kubernetes) previewed(ctx context.Context, inputs resource.PropertyMap, manager string) (resource.PropertyMap, error) {
	if inputs.ContainsUnknowns() || k.cluster.Unreachable() != nil {
		return inputs, nil
	}
	wanted := object(base.PlainMap(inputs))
	client, err := k.cluster.Resource(wanted)
	if err != nil {
		return inputs, nil //nolint:nilerr // its kind may come with a chart of the same run
	}
	live, err := k.apply(ctx, client, wanted, manager, true)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return inputs, nil //nolint:nilerr // its namespace, or the right to it, may be made in the same run
	case err != nil:
		return nil, fmt.Errorf("%s %s is refused by the Kubernetes API server: %w",
			wanted.GetKind(), identity(wanted), err)
	}
	unstructured.RemoveNestedField(live.Object, "status")
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation"} {
		unstructured.RemoveNestedField(live.Object, "metadata", field)
	}
	return k.outputs(live, inputs, manager), nil
}

// outputs are a live object's fields, with the inputs' secrets kept.
func (k *kubernetes) outputs(
	live *unstructured.Unstructured, inputs resource.PropertyMap, manager string,
) resource.PropertyMap {
	shown := live.DeepCopy()
	shown.SetManagedFields(nil)
	outputs := resource.NewPropertyMapFromMap(shown.Object)
	normalise(live.GroupVersionKind(), outputs)
	outputs[managerKey] = resource.NewStringProperty(manager)
	outputs[versionKey] = resource.NewStringProperty(live.GetAPIVersion())
	return base.KeepSecrets(outputs, inputs)
}

// imported are the inputs that a program would give for an object that was found in the cluster.
func imported(outputs resource.PropertyMap) resource.PropertyMap {
	inputs := outputs.Copy()
	for _, key := range []resource.PropertyKey{"status", managerKey, versionKey} {
		delete(inputs, key)
	}
	if metadata := inputs["metadata"]; metadata.IsObject() {
		kept := metadata.ObjectValue().Copy()
		for _, key := range []resource.PropertyKey{"uid", "resourceVersion", "creationTimestamp", "generation"} {
			delete(kept, key)
		}
		inputs["metadata"] = resource.NewObjectProperty(kept)
	}
	return inputs
}
