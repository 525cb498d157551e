"""How each file of golden/cross_entropy is computed here: file name -> function of (params, **inputs).

Where a file holds a mean, "mean" is taken; where it holds one value per item, "none".
"""

import torch
from tests.references.adapting import of, partly

import lossatlas as la


def no_weights(params):
    """The recorded code writes a negative alpha for no class weights."""
    return {**params, "alpha": None if params["alpha"] < 0 else params["alpha"]}


def halted_focal_hyper(params):
    assert params["beta"] == 1
    return {key: value for key, value in no_weights(params).items() if key != "beta"}


def signs(logits, target):
    return {"score": logits, "label": 2 * target - 1}


@partly(la.harmonic_loss)
def harmonic(params, x, weight, target):
    hyper = {"n": params["n_paper"], "eps": params["eps"]}
    assert params["n_paper"] == 2 * params["n_code"]
    return {
        "prob": la.losses.cross_entropy.harmax(x, weight, **hyper),
        "nll": la.harmonic_loss(x, weight, target, **hyper, reduction="none"),
    }


def basis_as_prototypes(features, basis, target):
    return {"features": features, "prototypes": basis, "target": target}


def idw(params, queries, keys, values):
    return {
        "weights": la.losses.cross_entropy.inverse_distance_weights(queries, keys, **params),
        "output": la.losses.cross_entropy.inverse_distance_weighting_attention(queries, keys, values, **params),
    }


@partly(la.l2_svm_loss)
def l2_svm(params, logits, target, weight):
    penalty = params["C"]
    return {
        "squared_hinge_sum": la.l2_svm_loss(logits, target, reduction="sum"),
        "squared_hinge_mean": la.l2_svm_loss(logits, target),
        "gru_svm_objective": la.losses.cross_entropy.l2_svm_objective(logits, target, weight, penalty=penalty),
        "cnn_svm_objective": weight.square().mean() + penalty * la.l2_svm_loss(logits, target),
    }


@partly(la.ldr_kl_loss)
def ldr_normalized(params, logits, target):
    return la.ldr_kl_loss(la.losses.cross_entropy.softplus_mean_normalize(logits), target, **params)


@partly(la.aldr_kl_loss)
def aldr_normalized(params, logits, target):
    """Two calls of the module, and the same two by the pure functions."""
    module, index = la.losses.cross_entropy.ALDRKLLoss(len(target), **params).double(), torch.arange(len(target))
    scores = la.losses.cross_entropy.mean_abs_normalize(logits)
    found, lam = {}, None
    for call in ("1", "2"):
        found[f"loss_call_{call}"] = module(scores, target, index)
        torch.testing.assert_close(la.aldr_kl_loss(scores, target, lam=lam, **params), found[f"loss_call_{call}"])
        lam = found[f"lambda_after_{call}"] = module.temperature.clone()
    return found


@partly(la.comp_sum_loss)
def comp_sum_gce(params, logits, target):
    value = la.comp_sum_loss(logits, target, tau=params["tau"])
    torch.testing.assert_close(la.generalized_cross_entropy(logits, target, q=params["q"]), value)
    return value


def symmetric_ce(params, logits, target):
    """(1 - b) CE + b A (1 - p_y): two losses of this family added."""
    b, a = params["balance"], params["A"]
    return (1 - b) * la.cross_entropy(logits, target) + b * a * la.mean_absolute_error(logits, target) / 2


@partly(la.spherical_softmax_loss)
def unit_spherical_softmax(params, logits, target):
    """The recorded code divides the logits by their length first."""
    scores = logits / logits.norm(dim=-1, keepdim=True)
    return la.spherical_softmax_loss(scores, target, eps=params["epsilon"])


ADAPTERS = {
    "aldr_kl_normalized": aldr_normalized,
    "aldr_kl_normalized_a15_lam05": aldr_normalized,
    "ce_minus_logk": of(la.ldr_kl_loss, "mean", hyper=lambda params: {"lam": 1.0, "margin": 0.0}),
    "comp_sum_gce_q03": comp_sum_gce,
    "comp_sum_tau05": of(la.comp_sum_loss, tau="tau"),
    "comp_sum_tau15": of(la.comp_sum_loss, tau="tau"),
    "comp_sum_tau20": of(la.comp_sum_loss, tau="tau"),
    "crammer_singer_hinge": of(la.crammer_singer_hinge, "mean", margin="margin"),
    "ebv_loss": of(la.equiangular_basis_loss, hyper=dict, inputs=basis_as_prototypes),
    "ebv_loss_nosmooth": of(la.equiangular_basis_loss, hyper=dict, inputs=basis_as_prototypes),
    "encouraging_loss": of(la.encouraging_loss, log_end="log_end"),
    "encouraging_loss_le1": of(la.encouraging_loss, log_end="log_end"),
    "halted_focal_loss": of(la.halted_focal_loss, hyper=halted_focal_hyper, inputs=signs),
    "halted_focal_loss_noalpha": of(la.halted_focal_loss, hyper=halted_focal_hyper, inputs=signs),
    "harmonic_loss_n2": harmonic,
    "harmonic_loss_n8": harmonic,
    "idw_attention": idw,
    "l2_svm": l2_svm,
    "ldr_kl_normalized": ldr_normalized,
    "ldr_kl_normalized_m2_lam05": ldr_normalized,
    "poly1_cross_entropy": of(la.poly1_cross_entropy, epsilon="epsilon"),
    "poly1_cross_entropy_epsm1": of(la.poly1_cross_entropy, epsilon="epsilon"),
    "poly1_focal": of(la.poly1_focal_loss, hyper=no_weights),
    "poly1_focal_epsm1_noalpha": of(la.poly1_focal_loss, hyper=no_weights),
    "sce_balance": symmetric_ce,
    "spherical_softmax_loss": unit_spherical_softmax,
    "weston_watkins_mean": of(la.weston_watkins_hinge, "mean", margin="margin"),
    "z_loss": of(la.spherical_z_loss, a="a", b="b"),
}
