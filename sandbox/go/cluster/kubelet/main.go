// Package main is the kubelet of a node whose machine is the cloud's flavor, not the one that it runs on.
//
// It is the published kubelet with its own configuration file and flags; --flavor-cores and --flavor-memory
// (in bytes) say what the node has. Only this one figure is not measured: everything else is cadvisor's.
package main

import (
	"context"
	"fmt"
	"os"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
)

// flavor is a cadvisor whose machine has the cores and the memory of a flavor.
type flavor struct {
	cadvisor.Interface
	cores  int
	memory uint64
}

// MachineInfo is what cadvisor measured, with the flavor's figures in it.
func (f *flavor) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	info, err := f.Interface.MachineInfo()
	if err != nil {
		return nil, err
	}
	info = info.Clone()
	info.NumCores, info.MemoryCapacity = f.cores, f.memory
	return info, nil
}

// settings reads the command line and the configuration file that it names.
func settings() (server *options.KubeletServer, cores int, memory uint64, err error) {
	server, err = options.NewKubeletServer()
	if err != nil {
		return nil, 0, 0, err
	}
	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	server.KubeletFlags.AddFlags(flags)
	flags.IntVar(&cores, "flavor-cores", 0, "the node's processor cores")
	flags.Uint64Var(&memory, "flavor-memory", 0, "the node's memory in bytes")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return nil, 0, 0, err
	}
	if cores == 0 || memory == 0 {
		return nil, 0, 0, fmt.Errorf("--flavor-cores and --flavor-memory are needed")
	}
	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, server.KubeletConfigFile)
	if err != nil {
		return nil, 0, 0, err
	}
	config, err := loader.Load(context.Background())
	if err != nil {
		return nil, 0, 0, err
	}
	server.KubeletConfiguration = *config
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(config.FeatureGates); err != nil {
		return nil, 0, 0, err
	}
	logs.InitLogs()
	return server, cores, memory, logsapi.ValidateAndApply(&server.Logging, utilfeature.DefaultFeatureGate)
}

func run() error {
	server, cores, memory, err := settings()
	if err != nil {
		return err
	}
	ctx := genericapiserver.SetupSignalContext()
	deps, err := app.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return err
	}
	measured, err := cadvisor.New(
		cadvisor.NewImageFsInfoProvider(server.ContainerRuntimeEndpoint),
		server.RootDirectory,
		// Of this machine's control groups only the node's own.
		[]string{cm.NodeAllocatableRoot(server.CgroupRoot, server.CgroupsPerQOS, server.CgroupDriver)},
		cadvisor.UsingLegacyCadvisorStats(server.ContainerRuntimeEndpoint),
		server.LocalStorageCapacityIsolation,
	)
	if err != nil {
		return err
	}
	deps.CAdvisorInterface = &flavor{measured, cores, memory}
	return app.Run(ctx, server, deps, utilfeature.DefaultFeatureGate)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
