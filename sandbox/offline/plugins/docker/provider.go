package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"sandbox/offline/plugins/base"
)

const (
	imageType    = "docker:index/image:Image"
	buildTimeout = 2 * time.Hour
)

var (
	imageInputs = []string{"build", "buildOnPreview", "imageName", "registry", "skipPush"}
	buildInputs = []string{
		"addHosts", "args", "builderVersion", "cacheFrom", "context", "contextDigest", "dockerfile", "network",
		"platform", "target",
	}
	builders = []string{"", "BuilderV1", "BuilderBuildKit"}
)

// spec is what the inputs ask for; the keys are those of the Python package.
type spec struct {
	ImageName                string
	BuildOnPreview, SkipPush bool
	Registry                 struct{ Server, Username, Password string }
	Build                    struct {
		Context, Dockerfile, BuilderVersion, Network, Platform, Target string

		Args      map[string]*string
		AddHosts  []string
		CacheFrom struct{ Images []string }
	}
}

func parse(inputs resource.PropertyMap) (*spec, error) {
	data, err := json.Marshal(base.PlainMap(inputs))
	if err != nil {
		return nil, err
	}
	made := &spec{}
	if err := json.Unmarshal(data, made); err != nil {
		return nil, fmt.Errorf("inputs of the image: %w", err)
	}
	if made.Build.Context == "" {
		made.Build.Context = "."
	}
	if made.Build.Dockerfile == "" {
		made.Build.Dockerfile = filepath.Join(made.Build.Context, "Dockerfile")
	}
	return made, nil
}

type images struct {
	*base.Provider

	host string
}

// CheckConfig refuses settings that the stand-in does not implement.
func (p *images) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	known := []string{"host", "version", "pluginDownloadURL"}
	return plugin.CheckConfigResponse{
		Properties: req.News, Failures: base.UnknownInputs(req.News, known),
	}, nil
}

// Configure takes the engine's address; without one the environment's DOCKER_HOST or the default socket is it.
func (p *images) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	p.host, _ = base.Plain(req.Inputs["host"]).(string)
	return plugin.ConfigureResponse{}, nil
}

// Invoke knows no function.
func (p *images) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, p.Unsupported("function " + string(req.Tok))
}

// Check completes the build's inputs with a digest of its context, so that only a changed context is built.
func (p *images) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if req.Type != imageType {
		return plugin.CheckResponse{}, p.Unsupported("resource " + string(req.Type))
	}
	inputs := req.News.Copy()
	build := resource.PropertyMap{}
	if given := base.Bare(inputs["build"]); given.IsObject() {
		build = given.ObjectValue().Copy()
	} else if given.IsComputed() {
		return plugin.CheckResponse{Properties: inputs}, nil
	}
	failures := append(base.UnknownInputs(inputs, imageInputs), base.UnknownInputs(build, buildInputs)...)
	wanted, err := parse(inputs)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	fail := func(property resource.PropertyKey, format string, args ...any) {
		failures = append(failures, plugin.CheckFailure{Property: property, Reason: fmt.Sprintf(format, args...)})
	}
	if !slices.Contains(builders, wanted.Build.BuilderVersion) {
		fail("build", "builderVersion %q is neither BuilderV1 nor BuilderBuildKit", wanted.Build.BuilderVersion)
	}
	if wanted.ImageName != "" {
		// As the official plugin: what is pushed has its registry in its name.
		parse := reference.ParseNormalizedNamed
		if !wanted.SkipPush {
			parse = reference.ParseNamed
		}
		if _, err := parse(wanted.ImageName); err != nil {
			fail("imageName", "%q: %v; an image that is pushed is named in full, docker.io included", wanted.ImageName, err)
		}
	}
	if !build["context"].ContainsUnknowns() && !build["dockerfile"].ContainsUnknowns() {
		digest, err := digest(wanted.Build.Context, wanted.Build.Dockerfile)
		if err != nil {
			fail("build", "%v", hint(err, wanted))
		}
		build["contextDigest"] = resource.NewStringProperty(digest)
	}
	inputs["build"] = resource.NewObjectProperty(build)
	return plugin.CheckResponse{Properties: base.KeepSecrets(inputs, req.News), Failures: failures}, nil
}

// hint adds to a missing Dockerfile where one lies: `dockerfile` is no path below `context`.
func hint(err error, wanted *spec) error {
	inside := filepath.Join(wanted.Build.Context, wanted.Build.Dockerfile)
	if _, statErr := os.Stat(inside); os.IsNotExist(err) && statErr == nil {
		return fmt.Errorf("%w; try dockerfile %q", err, inside)
	}
	return err
}

// Diff: a changed name or password at the registry is no reason to build again.
func (p *images) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	old, now := base.BareMap(req.OldInputs), base.BareMap(req.NewInputs)
	detailed := plugin.NewDetailedDiffFromObjectDiff(old.Diff(now), true)
	for path := range detailed {
		if strings.HasPrefix(path, "registry") && path != "registry.server" && path != "registry" {
			delete(detailed, path)
		}
	}
	if err := base.IgnoreChanges(detailed, req.IgnoreChanges); err != nil {
		return plugin.DiffResponse{}, err
	}
	if len(detailed) == 0 {
		return plugin.DiffResponse{Changes: plugin.DiffNone}, nil
	}
	return plugin.DiffResponse{Changes: plugin.DiffSome, DetailedDiff: detailed}, nil
}

// Create builds the image and pushes it.
func (p *images) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	outputs, err := p.make(ctx, req.URN, req.Properties, req.Timeout, req.Preview)
	name, _ := base.Plain(req.Properties["imageName"]).(string)
	return plugin.CreateResponse{ID: resource.ID(name), Properties: outputs}, err
}

// Update builds and pushes again.
func (p *images) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	outputs, err := p.make(ctx, req.URN, req.NewInputs, req.Timeout, req.Preview)
	return plugin.UpdateResponse{Properties: outputs}, err
}

// Read changes nothing, as the official plugin.
func (p *images) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State},
	}, nil
}

// Delete leaves images and tags where they are, as the official plugin.
func (p *images) Delete(context.Context, plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, nil
}

func (p *images) make(
	ctx context.Context, urn resource.URN, inputs resource.PropertyMap, seconds float64, preview bool,
) (resource.PropertyMap, error) {
	wanted, err := parse(inputs)
	if err != nil {
		return nil, err
	}
	outputs := resource.NewPropertyMapFromMap(map[string]any{
		"baseImageName": wanted.ImageName, "imageName": wanted.ImageName, "context": wanted.Build.Context,
		"dockerfile": wanted.Build.Dockerfile, "platform": wanted.Build.Platform,
		"registryServer": wanted.Registry.Server,
	})
	outputs["repoDigest"] = base.Unknown()
	if inputs.ContainsUnknowns() {
		outputs["imageName"], outputs["baseImageName"] = base.Bare(inputs["imageName"]), base.Bare(inputs["imageName"])
	}
	if preview && (!wanted.BuildOnPreview || inputs.ContainsUnknowns()) {
		return outputs, nil
	}
	ctx, cancel := base.Deadline(ctx, seconds, buildTimeout)
	defer cancel()
	engine, err := connect(p.host, func(line string) { p.Status(urn, "%s", line) })
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	if err := engine.build(ctx, wanted); err != nil || preview {
		return outputs, err
	}
	digest, err := engine.publish(ctx, wanted)
	outputs["repoDigest"] = resource.NewStringProperty(digest)
	return outputs, err
}
