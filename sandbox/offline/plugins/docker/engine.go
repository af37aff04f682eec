package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
)

const (
	// linesOfError are as many of the last lines of a build as its error repeats.
	linesOfError = 20
	// showEvery is the least time between two lines that are shown.
	showEvery = time.Second
)

// Images wait for each other where both at once would do twice what they share: the classic builder the first steps
// on one base (a lock each), and an engine that pushes them their layers.
var (
	builds  sync.Map
	onePush sync.Mutex
)

var firstBase = regexp.MustCompile(`(?im)^FROM\s+(?:--\S+\s+)*(\S+)`)

type engine struct {
	*client.Client

	tell func(line string)
	told time.Time
}

// connect makes a client of the Docker engine at `host`, or of the environment's where it is empty.
func connect(host string, tell func(string)) (*engine, error) {
	options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if host != "" {
		options = append(options, client.WithHost(host))
	}
	made, err := client.NewClientWithOpts(options...)
	return &engine{Client: made, tell: tell}, err
}

func (s *spec) login() registry.AuthConfig {
	server := s.Registry.Server
	if named, err := reference.ParseNormalizedNamed(s.ImageName); err == nil && server == "" {
		server = reference.Domain(named)
	}
	return registry.AuthConfig{
		ServerAddress: server, Username: s.Registry.Username, Password: s.Registry.Password,
	}
}

// standsOn is what the Dockerfile's first stage stands on; an argument that nobody gives keeps its name.
func standsOn(dockerfile string, args map[string]*string) string {
	text, _ := os.ReadFile(dockerfile) // where it can't be read, the build says so
	match := firstBase.FindSubmatch(text)
	if match == nil {
		return ""
	}
	return os.Expand(string(match[1]), func(name string) string {
		if value := args[name]; value != nil {
			return *value
		}
		return name
	})
}

// build sends the context and builds the image under its name.
func (e *engine) build(ctx context.Context, wanted *spec) error {
	about := wanted.Build
	if _, err := e.Ping(ctx); err != nil {
		return fmt.Errorf("no Docker engine answers at %s: %w", e.DaemonHost(), err)
	}
	// Only the classic builder tells in plain lines what it does.
	version := build.BuilderV1
	if about.BuilderVersion == "BuilderBuildKit" {
		version = build.BuilderBuildKit
	} else {
		e.tell("waiting for another image to be built")
		known, _ := builds.LoadOrStore(standsOn(about.Dockerfile, about.Args), &sync.Mutex{})
		lock := known.(*sync.Mutex)
		lock.Lock()
		defer lock.Unlock()
	}
	stream, dockerfile, err := pack(about.Context, about.Dockerfile)
	if err != nil {
		return err
	}
	defer stream.Close()
	login := wanted.login()
	options := build.ImageBuildOptions{
		Tags: []string{wanted.ImageName}, Dockerfile: dockerfile, BuildArgs: about.Args, Target: about.Target,
		Platform: about.Platform, NetworkMode: about.Network, ExtraHosts: about.AddHosts,
		CacheFrom: about.CacheFrom.Images, Remove: true, ForceRemove: true, Version: version,
		AuthConfigs: map[string]registry.AuthConfig{login.ServerAddress: login},
	}
	for _, cached := range about.CacheFrom.Images {
		if answer, err := e.ImagePull(ctx, cached, image.PullOptions{}); err == nil {
			_, _ = e.follow(answer) // a cache that is not there is none
		}
	}
	answer, err := e.ImageBuild(ctx, stream, options)
	if err != nil {
		return fmt.Errorf("build of %s: %w", wanted.ImageName, err)
	}
	if _, err := e.follow(answer.Body); err != nil {
		return fmt.Errorf("build of %s: %w", wanted.ImageName, err)
	}
	return nil
}

// publish pushes the image and gives its reference by digest; of an image that is not to be pushed its id.
func (e *engine) publish(ctx context.Context, wanted *spec) (string, error) {
	named, err := reference.ParseNormalizedNamed(wanted.ImageName)
	if err != nil {
		return "", err
	}
	digest := ""
	if !wanted.SkipPush {
		e.tell("waiting for another image to be pushed")
		onePush.Lock()
		defer onePush.Unlock()
		token, err := registry.EncodeAuthConfig(wanted.login())
		if err != nil {
			return "", err
		}
		answer, err := e.ImagePush(ctx, wanted.ImageName, image.PushOptions{RegistryAuth: token})
		if err != nil {
			return "", fmt.Errorf("push of %s: %w", wanted.ImageName, err)
		}
		if digest, err = e.follow(answer); err != nil {
			return "", fmt.Errorf("push of %s: %w", wanted.ImageName, err)
		}
	}
	if digest != "" {
		e.tell("pushed, " + digest)
		return reference.FamiliarName(named) + "@" + digest, nil
	}
	made, err := e.ImageInspect(ctx, wanted.ImageName)
	if err != nil {
		return "", err
	}
	for _, known := range made.RepoDigests {
		if strings.HasPrefix(known, reference.FamiliarName(named)+"@") {
			return known, nil
		}
	}
	return made.ID, nil
}

// show tells the operator a line, unless the one before it is too new.
func (e *engine) show(line string) {
	if time.Since(e.told) >= showEvery {
		e.tell(line)
		e.told = time.Now()
	}
}

// follow shows the engine's progress until it ends, and gives the digest that a push reports.
func (e *engine) follow(answer io.ReadCloser) (string, error) {
	defer answer.Close()
	var last []string
	digest := ""
	decoder := json.NewDecoder(answer)
	for {
		var message jsonmessage.JSONMessage
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			return digest, nil
		} else if err != nil {
			return "", err
		}
		if message.Error != nil {
			return "", fmt.Errorf("%s\n%s", message.Error.Message, strings.Join(last, "\n"))
		}
		if message.Aux != nil {
			var pushed struct{ Digest string }
			if json.Unmarshal(*message.Aux, &pushed) == nil && pushed.Digest != "" {
				digest = pushed.Digest
			}
		}
		if line := strings.TrimSpace(message.Stream); line != "" {
			last = append(last, line)
			last = last[max(0, len(last)-linesOfError):]
			e.show(line)
		} else if message.Status != "" && message.Progress == nil {
			e.show(strings.TrimSpace(message.ID + " " + message.Status))
		}
	}
}
