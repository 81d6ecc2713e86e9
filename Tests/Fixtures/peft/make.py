"""Makes the files in this folder with Python's peft: an adapter for tiny-b's Phi, alone and without TinyGPT-V's norms,
and the logits that it gives. `pip install torch transformers peft safetensors`, then `python3 make.py`."""
import pathlib

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import PhiForCausalLM

FOLDER = pathlib.Path(__file__).resolve().parent

torch.manual_seed(1)
base = PhiForCausalLM.from_pretrained(FOLDER.parent / "tiny-b/phi", dtype=torch.float32, attn_implementation="eager")
ids = torch.tensor([[256, 17, 300, 900, 5, 5, 771, 42, 128, 613, 9, 77]])
with torch.no_grad():
    plain = base.eval()(ids).logits[0]
model = get_peft_model(base, LoraConfig(
    r=4, lora_alpha=6, lora_dropout=0.05, use_rslora=True, task_type="CAUSAL_LM",
    target_modules=["q_proj", "k_proj", "v_proj", "dense", "fc1"], rank_pattern={"k_proj": 2},
    alpha_pattern={"dense": 9}, modules_to_save=["input_layernorm", "final_layernorm"]))
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.normal_(0, 0.1)
        elif "modules_to_save" in name:
            parameter.normal_(1 if name.endswith("weight") else 0, 0.2)
    adapted = model.eval()(ids).logits[0]
model.peft_config["default"].base_model_name_or_path = "tiny-b/phi"
model.save_pretrained(FOLDER / "adapter")
(FOLDER / "adapter/README.md").unlink()
save_file({"ids": ids[0].to(torch.int32), "plain": plain, "adapted": adapted}, FOLDER / "expected.safetensors")
print("the adapter changes the logits by", ((adapted - plain).abs().max() / plain.abs().max()).item())
