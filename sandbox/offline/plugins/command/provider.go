package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"sandbox/offline/plugins/base"
)

const (
	commandType = "command:local:Command"
	runFunction = "command:local:run"
)

var (
	sharedInputs  = []string{"addPreviousOutputInEnv", "dir", "environment", "interpreter", "logging", "stdin"}
	commandInputs = append([]string{"create", "update", "delete", "triggers"}, sharedInputs...)
	runInputs     = append([]string{"command"}, sharedInputs...)
	loggingModes  = []string{"stdout", "stderr", "stdoutAndStderr", "none"}
	secretSafe    = []resource.PropertyKey{"stdout", "stderr"}
)

type commands struct{ *base.Provider }

// Check refuses other types than Command, and inputs that are not implemented here.
func (p *commands) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if req.Type != commandType {
		return plugin.CheckResponse{}, p.Unsupported("resource " + string(req.Type))
	}
	return plugin.CheckResponse{Properties: req.News, Failures: failures(req.News, commandInputs)}, nil
}

func failures(inputs resource.PropertyMap, known []string) []plugin.CheckFailure {
	found := base.UnknownInputs(inputs, known)
	if logging, ok := base.Plain(inputs["logging"]).(string); ok && !slices.Contains(loggingModes, logging) {
		found = append(found, plugin.CheckFailure{
			Property: "logging",
			Reason:   fmt.Sprintf("%q is none of %s", logging, strings.Join(loggingModes, ", ")),
		})
	}
	return found
}

// Diff: any changed input runs the command again; changed triggers replace the resource.
func (p *commands) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	detailed := plugin.NewDetailedDiffFromObjectDiff(req.OldInputs.Diff(req.NewInputs), true)
	for path, change := range detailed {
		if strings.HasPrefix(path, "triggers") {
			detailed[path] = change.ToReplace()
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

// Create runs `create`, if there is one.
func (p *commands) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if req.Preview {
		return plugin.CreateResponse{Properties: previewed(req.Properties)}, nil
	}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	outputs, err := p.execute(ctx, req.URN, "create", req.Properties, nil, req.Timeout)
	return plugin.CreateResponse{ID: resource.ID(id), Properties: outputs}, err
}

// Update runs `update`, or else `create`, with the outputs of the run before in its environment.
func (p *commands) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if req.Preview {
		return plugin.UpdateResponse{Properties: previewed(req.NewInputs)}, nil
	}
	step := "create"
	if req.NewInputs.HasValue("update") {
		step = "update"
	}
	outputs, err := p.execute(ctx, req.URN, step, req.NewInputs, req.OldOutputs, req.Timeout)
	return plugin.UpdateResponse{Properties: outputs}, err
}

// Read has nothing to look at: the state is what the commands left.
func (p *commands) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State},
	}, nil
}

// Delete runs `delete`, if there is one.
func (p *commands) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	_, err := p.execute(ctx, req.URN, "delete", req.Outputs, req.Outputs, req.Timeout)
	if err != nil {
		return plugin.DeleteResponse{Status: resource.StatusUnknown}, err
	}
	return plugin.DeleteResponse{}, nil
}

// Invoke runs command:local:run, also in a preview, as the official plugin does.
func (p *commands) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	if req.Tok != tokens.ModuleMember(runFunction) {
		return plugin.InvokeResponse{}, p.Unsupported("function " + string(req.Tok))
	}
	if found := failures(req.Args, runInputs); len(found) > 0 {
		return plugin.InvokeResponse{Failures: found}, nil
	}
	outputs, err := p.execute(ctx, "", "command", req.Args, nil, 0)
	return plugin.InvokeResponse{Properties: outputs}, err
}

// execute runs the command under the key `step` of `inputs` and gives the resource's outputs:
// its inputs, stdout and stderr. Without such a command the outputs stay those of `before`.
func (p *commands) execute(
	ctx context.Context, urn resource.URN, step string, inputs, before resource.PropertyMap, seconds float64,
) (resource.PropertyMap, error) {
	outputs := inputs.Copy()
	for _, key := range secretSafe {
		outputs[key] = resource.NewStringProperty("")
		if previous, ok := before[key]; ok {
			outputs[key] = previous
		}
	}
	if script, ok := base.Plain(inputs[resource.PropertyKey(step)]).(string); ok {
		ctx, cancel := base.Deadline(ctx, seconds, 0)
		defer cancel()
		call := newCall(script, inputs, outputs)
		call.show = func(line string) { p.Status(urn, "%s", line) }
		stdout, stderr, err := call.run(ctx)
		if err != nil {
			return nil, err
		}
		outputs["stdout"], outputs["stderr"] = resource.NewStringProperty(stdout), resource.NewStringProperty(stderr)
	}
	return guarded(outputs, inputs), nil
}

// previewed are the outputs before the command ran: what it will print is not known.
func previewed(inputs resource.PropertyMap) resource.PropertyMap {
	outputs := inputs.Copy()
	for _, key := range secretSafe {
		outputs[key] = base.Unknown()
	}
	return guarded(outputs, inputs)
}

// guarded makes what the command prints a secret as soon as any input is one.
func guarded(outputs, inputs resource.PropertyMap) resource.PropertyMap {
	if inputs.ContainsSecrets() {
		for _, key := range secretSafe {
			if !outputs[key].IsSecret() {
				outputs[key] = resource.MakeSecret(outputs[key])
			}
		}
	}
	return outputs
}
