package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"sandbox/plugins/base"
	"sandbox/plugins/kubernetes/cluster"
	"sandbox/plugins/kubernetes/release"
)

const releaseType = "kubernetes:helm.sh/v3:Release"

// notObjects are the modules of tokens that are no objects of an API server.
var notObjects = []string{
	"helm.sh/v2", "helm.sh/v3", "helm.sh/v4", "kustomize", "kustomize/v2", "yaml", "yaml/v2", "index",
}

type kubernetes struct {
	*base.Provider

	cluster *cluster.Cluster
}

// CheckConfig refuses settings that the stand-in does not implement.
func (k *kubernetes) CheckConfig(
	_ context.Context, req plugin.CheckConfigRequest,
) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News, Failures: cluster.CheckSettings(req.News)}, nil
}

// DiffConfig replaces everything in the cluster when the configuration comes to name another one.
func (k *kubernetes) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	old, now := base.BareMap(req.OldInputs), base.BareMap(req.NewInputs)
	change := old.Diff(now)
	if change == nil {
		return plugin.DiffConfigResponse{Changes: plugin.DiffNone}, nil
	}
	diff := plugin.DiffConfigResponse{Changes: plugin.DiffSome, ChangedKeys: change.ChangedKeys()}
	same, err := cluster.Same(old, now)
	if err != nil {
		return plugin.DiffConfigResponse{}, err
	}
	if !same {
		diff.ReplaceKeys = diff.ChangedKeys
	}
	return diff, nil
}

// Configure makes the clients. The engine does not call it while the kubeconfig is unknown, and asks
// this plugin nothing about the resources of such a provider.
func (k *kubernetes) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	settings, err := cluster.ReadSettings(req.Inputs)
	if err != nil {
		return plugin.ConfigureResponse{}, err
	}
	k.cluster, err = cluster.Connect(settings)
	return plugin.ConfigureResponse{}, err
}

// Invoke knows no function.
func (k *kubernetes) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, k.Unsupported("function " + string(req.Tok))
}

// kind is what a type token like kubernetes:apps/v1:Deployment or kubernetes:core/v1:Pod stands for.
func (k *kubernetes) kind(token tokens.Type) (schema.GroupVersionKind, error) {
	parts := strings.Split(string(token), ":")
	if len(parts) != 3 || slices.Contains(notObjects, parts[1]) {
		return schema.GroupVersionKind{}, k.Unsupported("resource " + string(token))
	}
	name := parts[2]
	if strings.HasSuffix(name, "List") {
		return schema.GroupVersionKind{}, fmt.Errorf("list resources cannot be created: %s", token)
	}
	if strings.HasSuffix(name, "Patch") {
		return schema.GroupVersionKind{}, k.Unsupported("resource " + string(token))
	}
	version, err := schema.ParseGroupVersion(strings.TrimPrefix(parts[1], "core/"))
	return version.WithKind(name), err
}

func (k *kubernetes) releases() *release.Releases {
	return &release.Releases{Provider: k.Provider, Cluster: k.cluster}
}

// Check completes and validates the inputs of a resource.
func (k *kubernetes) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if k.cluster.Settings.SkipUpdateUnreachable && k.cluster.Unreachable() != nil {
		k.Log(diag.Warning, req.URN, "%v: skipped", k.cluster.Unreachable())
		return plugin.CheckResponse{Properties: req.Olds}, nil
	}
	if req.Type == releaseType {
		return k.releases().Check(req)
	}
	return k.checkObject(req)
}

// Diff compares new inputs with what the cluster last had.
func (k *kubernetes) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	if req.Type == releaseType {
		return k.releases().Diff(req)
	}
	return k.diffObject(req)
}

// Create makes a resource and waits until it is ready.
func (k *kubernetes) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if err := k.cluster.Unreachable(); err != nil && !req.Preview {
		return plugin.CreateResponse{}, err
	}
	if req.Type == releaseType {
		return k.releases().Create(ctx, req)
	}
	return k.createObject(ctx, req)
}

// Update changes a resource in place and waits until it is ready.
func (k *kubernetes) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if err := k.cluster.Unreachable(); err != nil && !req.Preview {
		return plugin.UpdateResponse{}, err
	}
	if req.Type == releaseType {
		return k.releases().Update(ctx, req)
	}
	return k.updateObject(ctx, req)
}

var errUnreachable = errors.New("if the cluster was deleted, remove this resource from Pulumi's state by " +
	"running again with the environment variable PULUMI_K8S_DELETE_UNREACHABLE set to \"true\"")

// Read looks a resource up for a refresh or a `get`.
func (k *kubernetes) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	if err := k.cluster.Unreachable(); err != nil {
		switch {
		case k.cluster.Settings.DeleteUnreachable:
			k.Log(diag.Warning, req.URN, "%v: taken out of the state", err)
			return plugin.ReadResponse{}, nil
		case k.cluster.Settings.SkipUpdateUnreachable:
			k.Log(diag.Warning, req.URN, "%v: the state may be outdated", err)
			return plugin.ReadResponse{
				ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State},
			}, nil
		}
		return plugin.ReadResponse{}, fmt.Errorf("%w; %w", err, errUnreachable)
	}
	if req.Type == releaseType {
		return k.releases().Read(ctx, req)
	}
	return k.readObject(ctx, req)
}

// Delete removes a resource and waits until it is gone.
func (k *kubernetes) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	if err := k.cluster.Unreachable(); err != nil {
		if k.cluster.Settings.DeleteUnreachable && req.Type != releaseType {
			k.Log(diag.Warning, req.URN, "%v: taken out of the state", err)
			return plugin.DeleteResponse{}, nil
		}
		return plugin.DeleteResponse{Status: resource.StatusUnknown}, fmt.Errorf("%w; %w", err, errUnreachable)
	}
	var err error
	if req.Type == releaseType {
		err = k.releases().Delete(ctx, req)
	} else {
		err = k.deleteObject(ctx, req)
	}
	if err != nil {
		return plugin.DeleteResponse{Status: resource.StatusUnknown}, err
	}
	return plugin.DeleteResponse{}, nil
}
