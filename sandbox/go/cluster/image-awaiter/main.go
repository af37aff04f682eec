// Command image-awaiter ends when the pods of a DaemonSet are ready on every node that takes them.
//
// It stands in for quay.io/jupyterhub/k8s-image-awaiter, and has that one's flags.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

type daemonSet struct {
	Metadata struct{ Generation int64 }
	Spec     struct {
		Selector struct{ MatchLabels map[string]string }
	}
	Status struct {
		ObservedGeneration                  int64
		DesiredNumberScheduled, NumberReady int
	}
}

type pods struct {
	Items []struct {
		Spec struct{ NodeName string }
	}
}

type api struct {
	client    http.Client
	server    string
	tokenPath string
}

func newAPI(server, caPath, tokenPath string) (*api, error) {
	authority, err := os.ReadFile(caPath)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return &api{http.Client{Timeout: 5 * time.Second, Transport: transport}, server, tokenPath}, nil
}

func (a *api) get(path string, answer any) error {
	token, err := os.ReadFile(a.tokenPath) // the kubelet writes a fresh one from time to time
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, a.server+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// pending counts the pods that are not ready, and those of them that no node has taken.
func (a *api) pending(namespace, name string) (notReady, unscheduled int, err error) {
	var set daemonSet
	if err := a.get(fmt.Sprintf("/apis/apps/v1/namespaces/%s/daemonsets/%s", namespace, name), &set); err != nil {
		return 0, 0, err
	}
	// Until the controller has seen the DaemonSet, its status says that no pod is wanted.
	if set.Status.ObservedGeneration < set.Metadata.Generation {
		return 0, 0, fmt.Errorf("the controller has not seen %s yet", name)
	}
	var labels []string
	for key, value := range set.Spec.Selector.MatchLabels {
		labels = append(labels, key+"="+value)
	}
	query := url.Values{"labelSelector": {strings.Join(labels, ",")}}
	var found pods
	if err := a.get(fmt.Sprintf("/api/v1/namespaces/%s/pods?%s", namespace, query.Encode()), &found); err != nil {
		return 0, 0, err
	}
	for _, pod := range found.Items {
		if pod.Spec.NodeName == "" {
			unscheduled++
		}
	}
	return set.Status.DesiredNumberScheduled - set.Status.NumberReady, unscheduled, nil
}

func main() {
	caPath := flag.String("ca-path", "", "the authority of the API server's certificate")
	tokenPath := flag.String("auth-token-path", "", "the service account's token")
	server := flag.String("api-server-address", "", "URL of the API server")
	namespace := flag.String("namespace", "", "namespace of the DaemonSet")
	name := flag.String("daemonset", "", "name of the DaemonSet")
	patience := flag.Int("pod-scheduling-wait-duration", 10, "seconds to wait for pods that no node takes; -1: for ever")
	flag.Parse()

	kubernetes, err := newAPI(*server, *caPath, *tokenPath)
	if err != nil {
		log.Fatal(err)
	}
	began := time.Now()
	for ; ; time.Sleep(time.Second) {
		notReady, unscheduled, err := kubernetes.pending(*namespace, *name)
		if err != nil {
			log.Print(err)
			continue
		}
		log.Printf("%d pods are not ready, %d of them are not scheduled", notReady, unscheduled)
		impatient := *patience >= 0 && time.Since(began) > time.Duration(*patience)*time.Second
		if notReady <= 0 || impatient && notReady <= unscheduled {
			return
		}
	}
}
