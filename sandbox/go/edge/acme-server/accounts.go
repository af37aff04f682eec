package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand"
	"net/http"
	"os"
	"path"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/letsencrypt/pebble/v2/core"
	"github.com/letsencrypt/pebble/v2/db"
)

// accounts outlive the server, as at Let's Encrypt: cert-manager registers once and then believes in its account for
// ever. Pebble keeps all in memory.
type accounts struct {
	store *db.MemoryStore
	file  string
	lock  sync.Mutex
	known map[string]bool
}

// restore adds those of earlier runs to a new store.
func restore(store *db.MemoryStore, file string) (*accounts, error) {
	// Pebble gives an account the next number of a random series, and has no way to give it one that it had. From
	// the same seed, in the same order, all get the same numbers again.
	series := reflect.ValueOf(store).Elem().FieldByName("accountRand")
	*(**rand.Rand)(unsafe.Pointer(series.UnsafeAddr())) = rand.New(rand.NewSource(1))

	a := &accounts{store: store, file: file, known: map[string]bool{}}
	written, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	defer written.Close()
	lines := bufio.NewScanner(written)
	for lines.Scan() {
		account := &core.Account{}
		if err := json.Unmarshal(lines.Bytes(), account); err != nil {
			return nil, err
		}
		if _, err := store.AddAccount(account); err != nil {
			return nil, err
		}
		a.known[account.ID] = true
	}
	return a, lines.Err()
}

// remember writes down the account that an answer is about, if it is a new one.
func (a *accounts) remember(answer http.Header) error {
	place := answer.Get("Location")
	if !strings.Contains(place, "/my-account/") {
		return nil
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	account := a.store.GetAccountByID(path.Base(place))
	if account == nil || a.known[account.ID] {
		return nil
	}
	line, err := json.Marshal(account)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(a.file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(append(line, '\n')); err != nil {
		return err
	}
	a.known[account.ID] = true
	return file.Close()
}
