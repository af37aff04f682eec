package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/postrender"
	helm "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"sandbox/plugins/base"
	"sandbox/plugins/kubernetes/await"
)

const watchEvery = 3 * time.Second

// Diff compares the new inputs with the old ones, and with the values and the version that the release has.
func (r *Releases) Diff(req plugin.DiffRequest) (plugin.DiffResponse, error) {
	old, now := base.BareMap(req.OldInputs), base.BareMap(req.NewInputs)
	if version := base.Bare(req.OldOutputs["version"]); version.IsString() {
		old["version"] = version
	}
	if live := base.Bare(req.OldOutputs["values"]); live.IsObject() && base.Plain(now["reuseValues"]) != true {
		old["values"] = live
	}
	if _, given := now["values"]; !given {
		now["values"] = resource.NewObjectProperty(resource.PropertyMap{})
	}
	if _, given := old["values"]; !given {
		old["values"] = resource.NewObjectProperty(resource.PropertyMap{})
	}
	detailed := plugin.NewDetailedDiffFromObjectDiff(old.Diff(now), false)
	asked := plugin.NewDetailedDiffFromObjectDiff(base.BareMap(req.OldInputs).Diff(base.BareMap(req.NewInputs)), true)
	for path, change := range detailed {
		// A change that the program made is shown as such; one that was found, by what the release has.
		_, change.InputDiff = asked[path]
		if path == "name" || path == "namespace" {
			change = change.ToReplace()
		}
		detailed[path] = change
	}
	if err := base.IgnoreChanges(detailed, req.IgnoreChanges); err != nil {
		return plugin.DiffResponse{}, err
	}
	if len(detailed) == 0 {
		return plugin.DiffResponse{Changes: plugin.DiffNone}, nil
	}
	return plugin.DiffResponse{Changes: plugin.DiffSome, DetailedDiff: detailed}, nil
}

// Create installs the chart. A failed install that left a release behind is kept as partly made.
func (r *Releases) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if req.Preview {
		return plugin.CreateResponse{Properties: previewed(req.Properties)}, nil
	}
	wanted, err := parse(req.Properties)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	made, err := r.watched(ctx, req.URN, wanted, func() (*helm.Release, error) { return r.install(ctx, wanted) })
	if err != nil {
		err = fmt.Errorf("Helm release %s failed to install: %w", wanted.id(), err)
		if left, lookErr := r.lookup(wanted.Namespace, wanted.Name); lookErr == nil && left != nil && made != nil {
			outputs := outputs(left, req.Properties)
			return plugin.CreateResponse{}, base.PartlyMade(string(wanted.id()), outputs, req.Properties, err)
		}
		return plugin.CreateResponse{}, err
	}
	return plugin.CreateResponse{ID: wanted.id(), Properties: outputs(made, req.Properties)}, nil
}

func (r *Releases) install(ctx context.Context, wanted *spec) (*helm.Release, error) {
	chart, err := r.load(wanted)
	if err != nil {
		return nil, err
	}
	configuration, err := r.configuration(wanted.Namespace)
	if err != nil {
		return nil, err
	}
	client := action.NewInstall(configuration)
	client.ReleaseName, client.Namespace, client.Description = wanted.Name, wanted.Namespace, wanted.Description
	client.CreateNamespace, client.Atomic, client.Replace = wanted.CreateNamespace, wanted.Atomic, wanted.Replace
	client.Wait, client.WaitForJobs = !wanted.SkipAwait, !wanted.SkipAwait && wanted.WaitForJobs
	client.Timeout = wanted.patience()
	client.DisableHooks, client.SkipCRDs = wanted.DisableWebhooks, wanted.SkipCrds
	client.Devel, client.SubNotes = wanted.Devel, wanted.RenderSubchartNotes
	client.DisableOpenAPIValidation = wanted.DisableOpenapiValidation
	client.TakeOwnership = wanted.TakeOwnership
	if client.PostRenderer, err = wanted.renderer(); err != nil {
		return nil, err
	}
	return client.RunWithContext(ctx, chart, wanted.Values)
}

// Update upgrades the release in place.
func (r *Releases) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if req.Preview {
		return plugin.UpdateResponse{Properties: previewed(req.NewInputs)}, nil
	}
	wanted, err := parse(req.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	made, err := r.watched(ctx, req.URN, wanted, func() (*helm.Release, error) { return r.upgrade(ctx, wanted) })
	if err != nil {
		err = fmt.Errorf("Helm release %s failed to upgrade: %w", wanted.id(), err)
		if errors.Is(err, driver.ErrNoDeployedReleases) || made == nil {
			return plugin.UpdateResponse{}, err
		}
		left, lookErr := r.lookup(wanted.Namespace, wanted.Name)
		if lookErr != nil || left == nil {
			left = made
		}
		return plugin.UpdateResponse{}, base.PartlyMade(string(req.ID), outputs(left, req.NewInputs), req.NewInputs, err)
	}
	return plugin.UpdateResponse{Properties: outputs(made, req.NewInputs)}, nil
}

func (r *Releases) upgrade(ctx context.Context, wanted *spec) (*helm.Release, error) {
	chart, err := r.load(wanted)
	if err != nil {
		return nil, err
	}
	configuration, err := r.configuration(wanted.Namespace)
	if err != nil {
		return nil, err
	}
	client := action.NewUpgrade(configuration)
	client.Namespace, client.Description, client.Timeout = wanted.Namespace, wanted.Description, wanted.patience()
	client.Wait, client.WaitForJobs = !wanted.SkipAwait, !wanted.SkipAwait && wanted.WaitForJobs
	client.Atomic, client.CleanupOnFail, client.Force = wanted.Atomic, wanted.CleanupOnFail, wanted.ForceUpdate
	client.DisableHooks, client.Recreate = wanted.DisableCRDHooks, wanted.RecreatePods
	client.ResetValues, client.ReuseValues = wanted.ResetValues, wanted.ReuseValues
	client.MaxHistory, client.SkipCRDs, client.Devel = wanted.MaxHistory, wanted.SkipCrds, wanted.Devel
	client.SubNotes, client.TakeOwnership = wanted.RenderSubchartNotes, wanted.TakeOwnership
	client.DisableOpenAPIValidation = wanted.DisableOpenapiValidation
	if client.PostRenderer, err = wanted.renderer(); err != nil {
		return nil, err
	}
	return client.RunWithContext(ctx, wanted.Name, chart, wanted.Values)
}

// Read looks the release up: gone, or with the values and the version that it has now.
func (r *Releases) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	namespace, name, _ := strings.Cut(string(req.ID), "/")
	live, err := r.lookup(namespace, name)
	if err != nil || live == nil {
		return plugin.ReadResponse{}, err
	}
	inputs := req.Inputs
	if !inputs.HasValue("chart") {
		inputs = resource.NewPropertyMapFromMap(map[string]any{
			"name": name, "namespace": namespace, "chart": live.Chart.Metadata.Name,
			"version": live.Chart.Metadata.Version, "values": live.Config, "timeout": defaultTimeoutSeconds,
		})
	}
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: req.ID, Inputs: inputs, Outputs: outputs(live, inputs)},
	}, nil
}

// Delete uninstalls the release and, unless told not to, waits for its objects to be gone.
func (r *Releases) Delete(_ context.Context, req plugin.DeleteRequest) error {
	old, err := parse(req.Outputs)
	if err != nil {
		return err
	}
	configuration, err := r.configuration(old.Namespace)
	if err != nil {
		return err
	}
	client := action.NewUninstall(configuration)
	client.IgnoreNotFound = true
	client.Wait, client.Timeout = old.Atomic || !old.SkipAwait, old.patience()
	if _, err := client.Run(old.Name); err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return fmt.Errorf("Helm release %s failed to uninstall: %w", old.id(), err)
	}
	return nil
}

// lookup gives the newest revision of a release, or nil where there is none.
func (r *Releases) lookup(namespace, name string) (*helm.Release, error) {
	configuration, err := r.configuration(namespace)
	if err != nil {
		return nil, err
	}
	found, err := action.NewGet(configuration).Run(name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil //nolint:nilnil // absent is no error
	}
	return found, err
}

// watched shows what a release waits for while `run` works, and adds it to an error: by then an atomic
// install has taken its pods away.
func (r *Releases) watched(
	ctx context.Context, urn resource.URN, wanted *spec, run func() (*helm.Release, error),
) (*helm.Release, error) {
	ctx, stop := context.WithCancel(ctx)
	since, seen := time.Now(), make(chan []string, 1)
	objects := await.Objects{Cluster: r.Cluster}
	go func() {
		var last []string
		defer func() { seen <- last }()
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(watchEvery):
			}
			found := objects.Troubles(ctx, wanted.Namespace, since)
			isEvent := func(line string) bool { return strings.HasPrefix(line, "event: ") }
			if len(found) == 0 || len(last) > 0 && !slices.ContainsFunc(found, func(line string) bool { return !isEvent(line) }) {
				continue
			}
			last = found
			r.Status(urn, "waiting: %s", found[0])
		}
	}()
	made, err := run()
	stop()
	if last := <-seen; err != nil {
		return made, await.WithTroubles(err, last)
	}
	return made, nil
}

// patience is how long Helm may wait for each of its steps.
func (s *spec) patience() time.Duration {
	if s.Timeout == 0 {
		return defaultTimeoutSeconds * time.Second
	}
	return time.Duration(s.Timeout) * time.Second
}

func (s *spec) renderer() (postrender.PostRenderer, error) {
	if s.Postrender == "" {
		return nil, nil //nolint:nilnil // none
	}
	return postrender.NewExec(s.Postrender)
}
