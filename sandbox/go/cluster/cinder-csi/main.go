// Package main is the CSI node service of Cinder's driver on a machine where a volume is a file, its blocks.
//
// The cloud makes the file --volumes/ID when it attaches the volume to this server, and the kubelet asks only
// after that. Staging makes a file system on it where there is none, and mounts it; publishing binds that to the
// place of one pod.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	driver  = "cinder.csi.openstack.org"
	version = "1.34.0"
)

type node struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedNodeServer
	registration.UnsafeRegistrationServer
	server, volumes, socket string
}

// GetInfo tells the kubelet where the driver listens.
func (n *node) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: driver, Endpoint: n.socket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

// NotifyRegistrationStatus writes down how the registration ended.
func (n *node) NotifyRegistrationStatus(
	_ context.Context, told *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	log.Print("registered: ", told.PluginRegistered, " ", told.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

// GetPluginInfo names the driver.
func (n *node) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: driver, VendorVersion: version}, nil
}

// NodeGetInfo says which server this node is, and how many volumes it takes: the driver's default.
func (n *node) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: n.server, MaxVolumesPerNode: 256}, nil
}

// NodeGetCapabilities tells of staging and of statistics.
func (n *node) NodeGetCapabilities(
	context.Context, *csi.NodeGetCapabilitiesRequest,
) (*csi.NodeGetCapabilitiesResponse, error) {
	told := &csi.NodeGetCapabilitiesResponse{}
	for _, able := range []csi.NodeServiceCapability_RPC_Type{
		csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME, csi.NodeServiceCapability_RPC_GET_VOLUME_STATS,
	} {
		rpc := &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{Type: able}}
		told.Capabilities = append(told.Capabilities, &csi.NodeServiceCapability{Type: rpc})
	}
	return told, nil
}

// NodeGetVolumeStats tells how full a mounted volume is.
func (n *node) NodeGetVolumeStats(
	_ context.Context, wanted *csi.NodeGetVolumeStatsRequest,
) (*csi.NodeGetVolumeStatsResponse, error) {
	var found unix.Statfs_t
	if err := unix.Statfs(wanted.VolumePath, &found); err != nil {
		return nil, status.Errorf(codes.NotFound, "looking at %s: %v", wanted.VolumePath, err)
	}
	bytes := func(blocks uint64) int64 { return int64(blocks) * found.Bsize }
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{{
		Unit: csi.VolumeUsage_BYTES, Total: bytes(found.Blocks), Available: bytes(found.Bavail),
		Used: bytes(found.Blocks - found.Bfree),
	}, {
		Unit: csi.VolumeUsage_INODES, Total: int64(found.Files), Available: int64(found.Ffree),
		Used: int64(found.Files - found.Ffree),
	}}}, nil
}

// NodeStageVolume mounts the volume for all pods of this node; done already is done.
func (n *node) NodeStageVolume(
	_ context.Context, wanted *csi.NodeStageVolumeRequest,
) (*csi.NodeStageVolumeResponse, error) {
	if wanted.VolumeCapability.GetMount() == nil {
		return nil, status.Error(codes.InvalidArgument, "only file systems are mounted here, no block devices")
	}
	file := filepath.Join(n.volumes, filepath.Base(wanted.VolumeId))
	if _, err := os.Stat(file); err != nil {
		return nil, status.Errorf(codes.NotFound, "volume %s is not attached: %v", wanted.VolumeId, err)
	}
	if mounted(wanted.StagingTargetPath) {
		return &csi.NodeStageVolumeResponse{}, nil
	}
	if err := prepare(file); err != nil {
		return nil, status.Errorf(codes.Internal, "preparing %s: %v", wanted.VolumeId, err)
	}
	if _, err := run("mount", "-t", "ext4", "-o", "loop", file, wanted.StagingTargetPath); err != nil {
		return nil, status.Errorf(codes.Internal, "mounting %s: %v", wanted.VolumeId, err)
	}
	return &csi.NodeStageVolumeResponse{}, nil
}

// NodeUnstageVolume unmounts the volume; done already is done.
func (n *node) NodeUnstageVolume(
	_ context.Context, wanted *csi.NodeUnstageVolumeRequest,
) (*csi.NodeUnstageVolumeResponse, error) {
	if err := unmount(wanted.StagingTargetPath); err != nil {
		return nil, status.Errorf(codes.Internal, "unmounting %s: %v", wanted.VolumeId, err)
	}
	return &csi.NodeUnstageVolumeResponse{}, nil
}

// NodePublishVolume binds the staged volume to the place of a pod; done already is done.
func (n *node) NodePublishVolume(
	_ context.Context, wanted *csi.NodePublishVolumeRequest,
) (*csi.NodePublishVolumeResponse, error) {
	if err := os.MkdirAll(wanted.TargetPath, 0o750); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if mounted(wanted.TargetPath) {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := bind(wanted.StagingTargetPath, wanted.TargetPath, wanted.Readonly); err != nil {
		return nil, status.Errorf(codes.Internal, "binding %s: %v", wanted.VolumeId, err)
	}
	log.Print("published ", wanted.VolumeId, " at ", wanted.TargetPath)
	return &csi.NodePublishVolumeResponse{}, nil
}

// NodeUnpublishVolume takes the volume away from a pod's place, which is removed; gone already is gone.
func (n *node) NodeUnpublishVolume(
	_ context.Context, wanted *csi.NodeUnpublishVolumeRequest,
) (*csi.NodeUnpublishVolumeResponse, error) {
	if err := unmount(wanted.TargetPath); err != nil {
		return nil, status.Errorf(codes.Internal, "unmounting %s: %v", wanted.VolumeId, err)
	}
	if err := os.Remove(wanted.TargetPath); err != nil && !os.IsNotExist(err) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	log.Print("unpublished ", wanted.VolumeId, " at ", wanted.TargetPath)
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func serve(socket string, register func(*grpc.Server)) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o750); err != nil {
		log.Fatal(err)
	}
	// One of an earlier run would be in the way.
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	log.Fatal(server.Serve(listener))
}

func main() {
	n := &node{}
	kubelet := flag.String("kubelet", "", "the kubelet's root folder")
	flag.StringVar(&n.server, "server", "", "the UUID of this node's server in the cloud")
	flag.StringVar(&n.volumes, "volumes", "", "the folder of the volumes' files")
	flag.Parse()
	if *kubelet == "" || n.server == "" || n.volumes == "" {
		log.Fatal("--kubelet, --server and --volumes are needed")
	}
	n.socket = filepath.Join(*kubelet, "plugins", driver, "csi.sock")
	go serve(n.socket, func(s *grpc.Server) {
		csi.RegisterIdentityServer(s, n)
		csi.RegisterNodeServer(s, n)
	})
	serve(filepath.Join(*kubelet, "plugins_registry", driver+"-reg.sock"), func(s *grpc.Server) {
		registration.RegisterRegistrationServer(s, n)
	})
}
