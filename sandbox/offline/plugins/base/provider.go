// Package base holds what the sandbox's stand-in plugins share: how they are served,
// what they answer when there is nothing to decide, and how secrets stay secret.
package base

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Provider is embedded by every stand-in. The context of each call ends when the engine cancels the update,
// and when the engine is gone.
type Provider struct {
	plugin.UnimplementedProvider

	name    string
	version semver.Version
	host    *provider.HostClient
	cancel  context.CancelFunc
}

// Serve runs the plugin `name` as the engine expects it, and ends the process.
// `version` is the version of the Python package that it stands in for.
func Serve(name, version string, build func(*Provider) plugin.Provider) {
	go endWithEngine()
	parsed, err := semver.ParseTolerant(version)
	if err == nil {
		err = provider.Main(name, func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
			ctx, cancel := context.WithCancel(context.Background())
			served := &Provider{name: name, version: parsed, host: host, cancel: cancel}
			return &server{plugin.NewProviderServer(build(served)), ctx}, nil
		})
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-%s: %v\n", name, err)
		os.Exit(1)
	}
}

// endWithEngine ends the plugin when its parent is gone: an engine that was killed cannot say so.
func endWithEngine() {
	engine := os.Getppid()
	for os.Getppid() == engine {
		time.Sleep(time.Second)
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
}

// Handshake says what the plugin understands: secrets, but no outputs or resources as values.
func (p *Provider) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// GetPluginInfo gives the version that the engine asked for by the Python package.
func (p *Provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &p.version}, nil
}

// GetSchema gives an empty schema: the generated Python packages carry theirs.
func (p *Provider) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": p.name, "version": p.version.String()})
	return plugin.GetSchemaResponse{Schema: schema}, err
}

// SignalCancellation ends the contexts of all calls.
func (p *Provider) SignalCancellation(context.Context) error {
	p.cancel()
	return nil
}

// CheckConfig accepts the provider's configuration as it is.
func (p *Provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

// DiffConfig says that a changed configuration changes no resource.
func (p *Provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffConfigResponse{Changes: plugin.DiffNone}, nil
}

// Configure takes no configuration.
func (p *Provider) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Status shows what a resource is waiting for, in the progress display only.
func (p *Provider) Status(urn resource.URN, format string, args ...any) {
	if p.host != nil {
		_ = p.host.LogStatus(context.Background(), diag.Info, urn, fmt.Sprintf(format, args...))
	}
}

// Unsupported is the answer to a type or a function that the stand-in does not know.
func (p *Provider) Unsupported(what string) error {
	return fmt.Errorf("the sandbox's stand-in for the %s plugin has no %s; the official plugin %s has it",
		p.name, what, p.version)
}
