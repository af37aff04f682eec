package cluster

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is what is needed to talk to one API server. Nothing is asked before it is needed.
type Cluster struct {
	Settings  *Settings
	Config    *rest.Config
	Dynamic   dynamic.Interface
	Client    kubernetes.Interface
	Discovery discovery.CachedDiscoveryInterface
	Mapper    *restmapper.DeferredDiscoveryRESTMapper
	Namespace string

	reach       sync.Once
	unreachable error
}

func (s *Settings) loader() (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: s.Context}
	overrides.Context.Cluster, overrides.Context.Namespace = s.Cluster, s.Namespace
	if s.Kubeconfig == "" {
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			clientcmd.NewDefaultClientConfigLoadingRules(), overrides), nil
	}
	content := []byte(s.Kubeconfig)
	if !strings.ContainsAny(s.Kubeconfig, "\n{") {
		read, err := os.ReadFile(strings.Replace(s.Kubeconfig, "~", os.Getenv("HOME"), 1))
		if err != nil {
			return nil, fmt.Errorf("kubeconfig: %w", err)
		}
		content = read
	}
	config, err := clientcmd.Load(content)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig is neither the content nor the path of one: %w", err)
	}
	return clientcmd.NewDefaultClientConfig(*config, overrides), nil
}

// active is the address and the authority of the cluster that the configuration selects.
func (s *Settings) active() (string, error) {
	loader, err := s.loader()
	if err != nil {
		return "", err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return "", nil //nolint:nilerr // no cluster selected: equal only to no cluster selected
	}
	return config.Host + "\n" + string(config.CAData) + config.CAFile, nil
}

// Connect makes the clients of the cluster that `settings` select, without asking it anything.
func Connect(settings *Settings) (*Cluster, error) {
	loader, err := settings.loader()
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	config.Burst, config.QPS = settings.Client.Burst, settings.Client.QPS
	config.Timeout = time.Duration(settings.Client.Timeout) * time.Second
	config.UserAgent = "pulumi-kubernetes"
	config.WarningHandler = rest.NoWarnings{}
	made := &Cluster{Settings: settings, Config: config}
	if made.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, err
	}
	if made.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	made.Client = client
	made.Discovery = memory.NewMemCacheClient(client.Discovery())
	made.Mapper = restmapper.NewDeferredDiscoveryRESTMapper(made.Discovery)
	return made, nil
}

// Loader is the kubeconfig with `namespace` as its own.
func (c *Cluster) Loader(namespace string) clientcmd.ClientConfig {
	settings := *c.Settings
	settings.Namespace = namespace
	loader, err := settings.loader()
	if err != nil {
		return &clientcmd.DirectClientConfig{} // Connect has read the same kubeconfig before
	}
	return loader
}

// Unreachable gives the reason why the API server does not answer, or nil. It asks once.
func (c *Cluster) Unreachable() error {
	c.reach.Do(func() {
		if _, err := c.Client.Discovery().ServerVersion(); err != nil {
			c.unreachable = fmt.Errorf("configured Kubernetes cluster is unreachable: %w", err)
		}
	})
	return c.unreachable
}

// Scope says whether objects of a kind live in a namespace. `known` is false where the cluster
// does not serve the kind (yet): it may come with a chart of the same run.
func (c *Cluster) Scope(kind schema.GroupVersionKind) (namespaced, known bool, err error) {
	mapping, err := c.mapping(kind)
	switch {
	case meta.IsNoMatchError(err):
		return true, false, nil
	case err != nil:
		return true, false, err
	}
	return mapping.Scope.Name() == meta.RESTScopeNameNamespace, true, nil
}

// mapping looks a kind up, and once more with fresh knowledge where it was not served before.
func (c *Cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := c.Mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.Mapper.Reset()
		mapping, err = c.Mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	return mapping, err
}

// Resource is the client for `object`. It sets the object's namespace where it needs one and has none,
// and takes it away from an object that lives in no namespace.
func (c *Cluster) Resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		unstructured.RemoveNestedField(object.Object, "metadata", "namespace")
		return c.Dynamic.Resource(mapping.Resource), nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(c.Namespace)
	}
	return c.Dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
}
