package await

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubectl/pkg/polymorphichelpers"
)

type check func(ctx context.Context, o Objects, live *unstructured.Unstructured) (bool, string, error)

// checks are the kinds that have to become ready; others are ready as soon as they are there.
var checks map[schema.GroupKind]check

func init() {
	checks = map[schema.GroupKind]check{
		{Group: "apps", Kind: "Deployment"}:                               rollout,
		{Group: "apps", Kind: "DaemonSet"}:                                rollout,
		{Group: "apps", Kind: "StatefulSet"}:                              rollout,
		{Kind: "Pod"}:                                                     pod,
		{Group: "batch", Kind: "Job"}:                                     job,
		{Kind: "Service"}:                                                 service,
		{Kind: "Namespace"}:                                               phase("Active"),
		{Kind: "PersistentVolume"}:                                        phase("Available", "Bound"),
		{Kind: "PersistentVolumeClaim"}:                                   claim,
		{Group: "networking.k8s.io", Kind: "Ingress"}:                     ingress,
		{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: condition("Established", "True"),
	}
}

func rollout(_ context.Context, _ Objects, live *unstructured.Unstructured) (bool, string, error) {
	strategy, _, _ := unstructured.NestedString(live.Object, "spec", "updateStrategy", "type")
	if strategy == "OnDelete" {
		return true, "", nil
	}
	viewer, err := polymorphichelpers.StatusViewerFor(live.GroupVersionKind().GroupKind())
	if err != nil {
		return false, "", err
	}
	message, done, err := viewer.Status(live, 0)
	return done, message, err
}

func phase(ready ...string) check {
	return func(_ context.Context, _ Objects, live *unstructured.Unstructured) (bool, string, error) {
		is, _, _ := unstructured.NestedString(live.Object, "status", "phase")
		for _, one := range ready {
			if is == one {
				return true, "", nil
			}
		}
		return false, fmt.Sprintf("its phase is %q, not %q", is, ready), nil
	}
}

func condition(kind, status string) check {
	return func(_ context.Context, _ Objects, live *unstructured.Unstructured) (bool, string, error) {
		is, message := conditionOf(live, kind)
		return is == status, fmt.Sprintf("its condition %s is %q, not %q: %s", kind, is, status, message), nil
	}
}

// conditionOf is a condition's status, and its reason and message.
func conditionOf(live *unstructured.Unstructured, kind string) (string, string) {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, entry := range conditions {
		if found, _ := entry.(map[string]any); found["type"] == kind {
			status, _ := found["status"].(string)
			reason, _ := found["reason"].(string)
			message, _ := found["message"].(string)
			return status, reason + ": " + message
		}
	}
	return "", "not reported yet"
}

func pod(_ context.Context, _ Objects, live *unstructured.Unstructured) (bool, string, error) {
	var typed corev1.Pod
	if err := convert(live, &typed); err != nil {
		return false, "", err
	}
	switch typed.Status.Phase {
	case corev1.PodSucceeded:
		return true, "", nil
	case corev1.PodFailed:
		return false, "", fmt.Errorf("pod failed: %s", podTrouble(&typed))
	}
	if status, _ := conditionOf(live, "Ready"); status == "True" {
		return true, "", nil
	}
	return false, podTrouble(&typed), nil
}

func job(_ context.Context, _ Objects, live *unstructured.Unstructured) (bool, string, error) {
	if failed, message := conditionOf(live, "Failed"); failed == "True" {
		return false, "", fmt.Errorf("job failed: %s", message)
	}
	complete, _ := conditionOf(live, "Complete")
	suspended, _, _ := unstructured.NestedBool(live.Object, "spec", "suspend")
	return complete == "True" || suspended, "the job has not completed", nil
}

func service(ctx context.Context, o Objects, live *unstructured.Unstructured) (bool, string, error) {
	var typed corev1.Service
	if err := convert(live, &typed); err != nil {
		return false, "", err
	}
	spec := typed.Spec
	if spec.Type == corev1.ServiceTypeLoadBalancer && len(typed.Status.LoadBalancer.Ingress) == 0 {
		return false, "the load balancer has no address yet", nil
	}
	if spec.Type == corev1.ServiceTypeExternalName || len(spec.Selector) == 0 || spec.ClusterIP == corev1.ClusterIPNone {
		return true, "", nil
	}
	slices, err := o.Cluster.Client.DiscoveryV1().EndpointSlices(typed.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + typed.Name})
	if err != nil {
		return false, "", transient(err)
	}
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				return true, "", nil
			}
		}
	}
	return false, "the service selects no ready pod yet", nil
}

func ingress(_ context.Context, _ Objects, live *unstructured.Unstructured) (bool, string, error) {
	addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
	return len(addresses) > 0, "no ingress controller has given it an address yet", nil
}

// claim waits for the volume, unless its storage class makes one only for a pod that uses it.
func claim(ctx context.Context, o Objects, live *unstructured.Unstructured) (bool, string, error) {
	done, message, err := phase("Bound")(ctx, o, live)
	if done || err != nil {
		return done, message, err
	}
	name, _, _ := unstructured.NestedString(live.Object, "spec", "storageClassName")
	class, err := o.Cluster.Client.StorageV1().StorageClasses().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, message, nil //nolint:nilerr // no class: an administrator's volume may still come
	}
	mode := class.VolumeBindingMode
	return mode != nil && *mode == storagev1.VolumeBindingWaitForFirstConsumer, message, nil
}

func convert(live *unstructured.Unstructured, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, into)
}
