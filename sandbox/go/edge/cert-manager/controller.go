package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	"github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	shimingress "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	requestsacme "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme" // registers the kind of issuer
)

// Those of ACME; other kinds of issuers stay without an answer.
var controllers = []string{
	clusterissuers.ControllerName, issuers.ControllerName, shimingress.ControllerName, acmeorders.ControllerName,
	acmechallenges.ControllerName, requestsacme.CRControllerName, approver.ControllerName, trigger.ControllerName,
	issuing.ControllerName, keymanager.ControllerName, requestmanager.ControllerName, readiness.ControllerName,
	revisionmanager.ControllerName,
}

const workers = 5

func runController(ctx context.Context) error {
	// The defaults of the real program's flags.
	o := controller.ContextOptions{KubernetesAPIQPS: 20, KubernetesAPIBurst: 50}
	o.HTTP01SolverResourceRequestCPU, o.HTTP01SolverResourceLimitsCPU = resource.MustParse("10m"), resource.MustParse("100m")
	o.HTTP01SolverResourceRequestMemory = resource.MustParse("64Mi")
	o.HTTP01SolverResourceLimitsMemory = resource.MustParse("64Mi")
	o.ACMEHTTP01SolverRunAsNonRoot = true
	o.DefaultIssuerKind, o.DefaultIssuerGroup = "Issuer", "cert-manager.io"
	o.DefaultAutoCertificateAnnotations = []string{"kubernetes.io/tls-acme"}
	o.CopiedAnnotationPrefixes = []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"}
	o.CertificateRequestMinimumBackoffDuration = time.Hour
	o.CertificateRequestMaximumBackoffDuration = 32 * time.Hour

	flags := pflag.NewFlagSet("controller", pflag.ContinueOnError)
	flags.StringVar(&o.ClusterResourceNamespace, "cluster-resource-namespace", "kube-system", "")
	flags.StringVar(&o.HTTP01SolverImage, "acme-http01-solver-image", "", "")
	flags.IntVar(&o.MaxConcurrentChallenges, "max-concurrent-challenges", 60, "")
	if err := parse(flags); err != nil {
		return err
	}

	factory, err := controller.NewContextFactory(ctx, o)
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	known := controller.Known()
	for _, name := range controllers {
		run, err := known[name](factory)
		if err != nil {
			return err
		}
		group.Go(func() error { return run.Run(workers, ctx) })
	}
	// Of the real program's metrics those of certificates, and what the controllers count by themselves.
	certificates := base.SharedInformerFactory.Certmanager().V1().Certificates()
	base.Metrics.SetupCertificateCollector(certificates.Lister())
	listener, err := net.Listen("tcp", ":9402")
	if err != nil {
		return err
	}
	group.Go(func() error { return serve(ctx, base.Metrics.NewServer(listener), listener) })
	base.SharedInformerFactory.Start(ctx.Done())
	base.KubeSharedInformerFactory.Start(ctx.Done())
	base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	group.Go(func() error { return serveHealth(ctx, ":9403", "/livez") })
	return group.Wait()
}

// serveHealth answers the kubelet at path until ctx ends.
func serveHealth(ctx context.Context, address, path string) error {
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return serve(ctx, &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}, listener)
}

// serve lets server answer until ctx ends.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	return server.Serve(listener)
}
