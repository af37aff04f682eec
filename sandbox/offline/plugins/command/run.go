package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"sandbox/offline/plugins/base"
)

// killDelay is how long a cancelled command has between the polite signal and the last one.
const killDelay = 5 * time.Second

// call is one run of a command, with all that its inputs say about it.
type call struct {
	script      string
	interpreter []string
	dir         string
	environment []string
	stdin       string
	logging     string
	show        func(line string)
}

func newCall(script string, inputs, before resource.PropertyMap) *call {
	plain := base.PlainMap(inputs)
	made := &call{script: script, interpreter: []string{"/bin/sh", "-c"}, environment: os.Environ()}
	made.dir, _ = plain["dir"].(string)
	made.stdin, _ = plain["stdin"].(string)
	made.logging, _ = plain["logging"].(string)
	if list, _ := plain["interpreter"].([]any); len(list) > 0 {
		made.interpreter = nil
		for _, word := range list {
			made.interpreter = append(made.interpreter, fmt.Sprint(word))
		}
	}
	variables, _ := plain["environment"].(map[string]any)
	for name, value := range variables {
		made.environment = append(made.environment, fmt.Sprintf("%s=%v", name, value))
	}
	if add, set := plain["addPreviousOutputInEnv"].(bool); add || !set {
		for _, stream := range []string{"stdout", "stderr"} {
			if text, _ := base.Plain(before[resource.PropertyKey(stream)]).(string); text != "" {
				made.environment = append(made.environment,
					"PULUMI_COMMAND_"+strings.ToUpper(stream)+"="+text)
			}
		}
	}
	return made
}

// run gives what the command printed, without the last newline. The error of a command that failed
// carries both streams. When `ctx` ends, the command's whole process group is ended.
func (c *call) run(ctx context.Context) (string, string, error) {
	words := append(c.interpreter, c.script)
	process := exec.CommandContext(ctx, words[0], words[1:]...)
	process.Dir, process.Env = c.dir, c.environment
	if c.stdin != "" {
		process.Stdin = strings.NewReader(c.stdin)
	}
	var stdout, stderr bytes.Buffer
	both := &shared{}
	outLog, errLog := &lines{show: c.show}, &lines{show: c.show}
	process.Stdout = io.MultiWriter(&stdout, both, outLog.unless(c.logging, "stderr", "none"))
	process.Stderr = io.MultiWriter(&stderr, both, errLog.unless(c.logging, "stdout", "none"))
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return syscall.Kill(-process.Process.Pid, syscall.SIGTERM) }
	process.WaitDelay = killDelay

	started := time.Now()
	err := process.Run()
	if ctx.Err() != nil && process.Process != nil {
		_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL) // what outlived the polite signal
		err = errors.New("cancelled")
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("timed out after %s", time.Since(started).Round(time.Second))
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("%w: running %q:\n%s", err, c.script, both.buffer.String())
	}
	return strings.TrimSuffix(stdout.String(), "\n"), strings.TrimSuffix(stderr.String(), "\n"), nil
}

// shared takes both streams in the order in which they come.
type shared struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (s *shared) Write(chunk []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.buffer.Write(chunk)
}

// lines shows a stream line by line.
type lines struct {
	show func(string)
	rest string
}

func (l *lines) unless(mode string, silent ...string) io.Writer {
	for _, one := range silent {
		if mode == one {
			return io.Discard
		}
	}
	return l
}

func (l *lines) Write(chunk []byte) (int, error) {
	parts := strings.Split(l.rest+string(chunk), "\n")
	l.rest = parts[len(parts)-1]
	for _, line := range parts[:len(parts)-1] {
		if l.show != nil && strings.TrimSpace(line) != "" {
			l.show(line)
		}
	}
	return len(chunk), nil
}
