package await

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Troubles says what in a namespace is not ready: pods with the reason, claims without a volume, load
// balancers without an address, and the warnings since a time.
func (o Objects) Troubles(ctx context.Context, namespace string, since time.Time) []string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	core := o.Cluster.Client.CoreV1()
	found := o.pods(ctx, namespace, "")
	if claims, err := core.PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, claim := range claims.Items {
			if claim.Status.Phase == corev1.ClaimPending && claim.DeletionTimestamp == nil {
				found = append(found, fmt.Sprintf("claim %s: has no volume", claim.Name))
			}
		}
	}
	if services, err := core.Services(namespace).List(ctx, metav1.ListOptions{}); err == nil {
		for _, one := range services.Items {
			if one.Spec.Type == corev1.ServiceTypeLoadBalancer && len(one.Status.LoadBalancer.Ingress) == 0 {
				found = append(found, fmt.Sprintf("service %s: its load balancer has no address", one.Name))
			}
		}
	}
	if more := len(found) - troublesToMention; more > 0 {
		found = append(found[:troublesToMention], fmt.Sprintf("and %d more", more))
	}
	return append(found, o.warnings(ctx, namespace, "", since)...)
}

// troublesOf are the troubles of one object, and of the pods that it selects if it is a workload.
func (o Objects) troublesOf(ctx context.Context, live *unstructured.Unstructured, since time.Time) []string {
	if live.GetNamespace() == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var found []string
	if labels, selects, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels"); selects {
		selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
		found = o.pods(ctx, live.GetNamespace(), selector)
	}
	return append(found, o.warnings(ctx, live.GetNamespace(), live.GetName(), since)...)
}

// pods are the selected pods that are not ready, with the reason.
func (o Objects) pods(ctx context.Context, namespace, selector string) []string {
	pods, err := o.Cluster.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil
	}
	var found []string
	for i := range pods.Items {
		if text := podTrouble(&pods.Items[i]); text != "" && pods.Items[i].DeletionTimestamp == nil {
			found = append(found, fmt.Sprintf("pod %s: %s", pods.Items[i].Name, text))
		}
	}
	return found
}

// warnings are the newest warning events about objects whose names begin with `prefix`, one for each object
// and reason.
func (o Objects) warnings(ctx context.Context, namespace, prefix string, since time.Time) []string {
	events, err := o.Cluster.Client.CoreV1().Events(namespace).List(ctx,
		metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return nil
	}
	when := func(event corev1.Event) time.Time {
		latest := event.LastTimestamp.Time
		for _, other := range []time.Time{event.EventTime.Time, event.CreationTimestamp.Time} {
			if other.After(latest) {
				latest = other
			}
		}
		return latest
	}
	sort.Slice(events.Items, func(i, j int) bool { return when(events.Items[i]).After(when(events.Items[j])) })
	seen := map[string]bool{}
	var found []string
	for _, event := range events.Items {
		about := event.InvolvedObject.Kind + " " + event.InvolvedObject.Name + ": " + event.Reason
		// Events keep whole seconds only.
		old := when(event).Before(since.Add(-time.Second))
		if old || seen[about] || !strings.HasPrefix(event.InvolvedObject.Name, prefix) || len(found) == troublesToMention {
			continue
		}
		seen[about] = true
		found = append(found, "event: "+about+": "+strings.TrimSpace(event.Message))
	}
	return found
}

// podTrouble says why a pod is not ready; nothing where it is.
func podTrouble(pod *corev1.Pod) string {
	if pod.Status.Phase == corev1.PodSucceeded {
		return ""
	}
	for _, one := range pod.Status.Conditions {
		if one.Type == corev1.PodReady && one.Status == corev1.ConditionTrue {
			return ""
		}
		if one.Type == corev1.PodScheduled && one.Status == corev1.ConditionFalse {
			return one.Reason + ": " + one.Message
		}
	}
	for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		state := container.State
		if state.Terminated == nil {
			state.Terminated = container.LastTerminationState.Terminated
		}
		switch {
		case container.Ready:
		case state.Waiting != nil && state.Waiting.Reason != "":
			return fmt.Sprintf("container %s: %s: %s", container.Name, state.Waiting.Reason, state.Waiting.Message)
		case state.Terminated != nil && state.Terminated.ExitCode != 0:
			return fmt.Sprintf("container %s: %s, exit code %d: %s", container.Name,
				state.Terminated.Reason, state.Terminated.ExitCode, state.Terminated.Message)
		case state.Running != nil:
			return fmt.Sprintf("container %s runs, but is not ready", container.Name)
		}
	}
	return fmt.Sprintf("%s %s", pod.Status.Phase, pod.Status.Message)
}

// WithTroubles adds to an error what is not ready, a line for each.
func WithTroubles(err error, troubles []string) error {
	if len(troubles) == 0 {
		return err
	}
	return errors.Join(err, errors.New("  "+strings.Join(troubles, "\n  ")))
}
