package release

import (
	"fmt"
	"io"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"sandbox/plugins/base"
	"sandbox/plugins/kubernetes/cluster"
)

// Releases handles the Helm releases of one cluster.
type Releases struct {
	*base.Provider

	Cluster *cluster.Cluster
}

// settings are Helm's own, from its environment variables, with the provider's over them.
func (r *Releases) settings() *cli.EnvSettings {
	made := cli.New()
	given := r.Cluster.Settings.Helm
	for target, value := range map[*string]string{
		&made.PluginsDirectory: given.PluginsPath, &made.RegistryConfig: given.RegistryConfigPath,
		&made.RepositoryCache: given.RepositoryCache, &made.RepositoryConfig: given.RepositoryConfigPath,
	} {
		if value != "" {
			*target = value
		}
	}
	return made
}

// configuration is what Helm's actions work with, for the releases of `namespace`.
func (r *Releases) configuration(namespace string) (*action.Configuration, error) {
	made := new(action.Configuration)
	silent := func(string, ...any) {}
	err := made.Init(&kubeconfig{Cluster: r.Cluster, namespace: namespace}, namespace,
		r.Cluster.Settings.Helm.Driver, silent)
	if err != nil {
		return nil, err
	}
	made.RegistryClient, err = registry.NewClient(
		registry.ClientOptCredentialsFile(r.settings().RegistryConfig), registry.ClientOptWriter(io.Discard))
	return made, err
}

// load finds the chart in its folder, repository or registry, with what it depends on.
func (r *Releases) load(wanted *spec) (*chart.Chart, error) {
	configuration, err := r.configuration(wanted.Namespace)
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(configuration) // knows the registry client for its own look-ups
	options := &install.ChartPathOptions
	options.Version, options.Verify, options.Keyring = wanted.Version, wanted.Verify, wanted.Keyring
	if wanted.Version == "" && wanted.Devel {
		options.Version = ">0.0.0-0"
	}
	name, source := wanted.Chart, wanted.RepositoryOpts
	if strings.HasPrefix(source.Repo, "oci://") {
		name = strings.TrimSuffix(source.Repo, "/") + "/" + name
	} else {
		options.RepoURL = source.Repo
	}
	options.CaFile, options.CertFile, options.KeyFile = source.CAFile, source.CertFile, source.KeyFile
	options.Username, options.Password = source.Username, source.Password
	path, err := options.LocateChart(name, r.settings())
	if err != nil {
		return nil, err
	}
	found, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	if kind := found.Metadata.Type; kind != "" && kind != "application" {
		return nil, fmt.Errorf("%s charts are not installable", kind)
	}
	if found, err = r.complete(found, path, wanted, configuration.RegistryClient); err != nil {
		return nil, err
	}
	if wanted.Lint {
		result := action.NewLint().Run([]string{path}, wanted.Values)
		if len(result.Errors) > 0 {
			return nil, fmt.Errorf("malformed chart or values: %v", result.Errors)
		}
	}
	return found, nil
}

// complete fetches the charts that this one depends on, if it was asked to.
func (r *Releases) complete(
	found *chart.Chart, path string, wanted *spec, client *registry.Client,
) (*chart.Chart, error) {
	if found.Metadata.Dependencies == nil {
		return found, nil
	}
	err := action.CheckDependencies(found, found.Metadata.Dependencies)
	if err == nil || !wanted.DependencyUpdate {
		return found, err
	}
	settings := r.settings()
	manager := &downloader.Manager{
		Out: io.Discard, ChartPath: path, Keyring: wanted.Keyring, Getters: getter.All(settings),
		RepositoryConfig: settings.RepositoryConfig, RepositoryCache: settings.RepositoryCache,
		RegistryClient: client,
	}
	if err := manager.Update(); err != nil {
		return nil, err
	}
	return loader.Load(path)
}

// kubeconfig gives Helm the cluster, with the release's namespace as the default one.
type kubeconfig struct {
	*cluster.Cluster

	namespace string
}

func (k *kubeconfig) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(k.Config), nil }

func (k *kubeconfig) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return k.Discovery, nil
}

func (k *kubeconfig) ToRESTMapper() (meta.RESTMapper, error) { return k.Mapper, nil }

func (k *kubeconfig) ToRawKubeConfigLoader() clientcmd.ClientConfig { return k.Loader(k.namespace) }
