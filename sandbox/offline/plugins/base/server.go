package base

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// server stands between the engine and the SDK's server: its calls end with a cancellation, and Diff is
// answered as the engine understands it.
type server struct {
	pulumirpc.ResourceProviderServer

	cancelled context.Context //nolint:containedctx // spans all calls
}

// bounded ends `ctx`, which the connection to the engine ends, with a cancellation too.
func (s *server) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(s.cancelled, cancel)
	return ctx, func() { unlink(); cancel() }
}

func (s *server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, stop := s.bounded(ctx)
	defer stop()
	return s.ResourceProviderServer.Create(ctx, req)
}

func (s *server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, stop := s.bounded(ctx)
	defer stop()
	return s.ResourceProviderServer.Read(ctx, req)
}

func (s *server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, stop := s.bounded(ctx)
	defer stop()
	return s.ResourceProviderServer.Update(ctx, req)
}

func (s *server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, stop := s.bounded(ctx)
	defer stop()
	return s.ResourceProviderServer.Delete(ctx, req)
}

func (s *server) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	ctx, stop := s.bounded(ctx)
	defer stop()
	return s.ResourceProviderServer.Invoke(ctx, req)
}

// Diff corrects the SDK's answer: the engine ignores a detailed diff without its flag, and names in its
// display only those top-level properties that are listed beside it.
func (s *server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	response, err := s.ResourceProviderServer.Diff(ctx, req)
	if err != nil || len(response.DetailedDiff) == 0 {
		return response, err
	}
	response.HasDetailedDiff = true
	tops := map[string]bool{}
	for path := range response.DetailedDiff {
		parsed, err := resource.ParsePropertyPath(path)
		if err != nil {
			return nil, fmt.Errorf("path %q of a difference: %w", path, err)
		}
		tops[fmt.Sprint(parsed[0])] = true
	}
	response.Diffs = slices.Sorted(maps.Keys(tops))
	return response, nil
}
