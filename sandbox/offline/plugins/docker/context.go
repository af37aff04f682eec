package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/go-archive"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// ignored are the patterns of <Dockerfile>.dockerignore, or else of the context's .dockerignore.
func ignored(folder, dockerfile string) ([]string, error) {
	for _, path := range []string{dockerfile + ".dockerignore", filepath.Join(folder, ".dockerignore")} {
		file, err := os.Open(path)
		if os.IsNotExist(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		defer file.Close()
		return ignorefile.ReadAll(file)
	}
	return nil, nil
}

// digest is a checksum of the Dockerfile and of all paths, modes and contents that are sent to the engine.
func digest(folder, dockerfile string) (string, error) {
	sum := sha256.New()
	if err := add(sum, "", dockerfile, 0); err != nil {
		return "", err
	}
	patterns, err := ignored(folder, dockerfile)
	if err != nil {
		return "", err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return "", fmt.Errorf("patterns of what %s ignores: %w", folder, err)
	}
	// The context itself may be a link; those in it are not followed.
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return "", err
	}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil || relative == "." {
			return err
		}
		skip, err := matcher.MatchesOrParentMatches(relative)
		switch {
		case err != nil:
			return err
		case skip && entry.IsDir() && !matcher.Exclusions():
			return filepath.SkipDir
		case skip || entry.IsDir():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return add(sum, relative, path, info.Mode())
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// add takes a file into the checksum; of a link its target's name.
func add(sum io.Writer, name, path string, mode fs.FileMode) error {
	content := sha256.New()
	if mode.Type() == fs.ModeSymlink {
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		_, _ = io.WriteString(content, target)
	} else {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := io.Copy(content, file); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(sum, "%s\x00%s\x00%x\x00", name, mode, content.Sum(nil))
	return err
}

// resolve gives a folder's absolute path without links.
func resolve(folder string) (string, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// pack gives the context as a tar stream, and the Dockerfile's name in it.
func pack(folder, dockerfile string) (io.ReadCloser, string, error) {
	patterns, err := ignored(folder, dockerfile)
	if err != nil {
		return nil, "", err
	}
	absolute, err := resolve(folder)
	if err != nil {
		return nil, "", err
	}
	place, err := resolve(filepath.Dir(dockerfile))
	if err != nil {
		return nil, "", err
	}
	name, err := filepath.Rel(absolute, filepath.Join(place, filepath.Base(dockerfile)))
	if err != nil || strings.HasPrefix(name, "..") {
		return nil, "", fmt.Errorf(
			"the sandbox's stand-in takes a Dockerfile inside its build context only: %s is not in %s", dockerfile, folder)
	}
	stream, err := archive.TarWithOptions(absolute, &archive.TarOptions{
		// The engine needs the Dockerfile, whether the patterns leave it out or not.
		ExcludePatterns: append(patterns, "!"+filepath.ToSlash(name)),
		ChownOpts:       &archive.ChownOpts{UID: 0, GID: 0},
	})
	return stream, filepath.ToSlash(name), err
}
